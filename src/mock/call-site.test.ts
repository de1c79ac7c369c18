import { describe, expect, it, onTestFinished } from "vitest";
import { withCode } from "../../test/support/problems.js";
import { callSite, placeIn } from "./call-site.js";

describe("placeIn", () => {
  const here = "/home/ann";
  it.each([
    ["    at place (/home/ann/test/t.ts:3:4)", "test/t.ts:3:4"],
    ["    at place (/home/a (b)/t.ts:3:4)", "/home/a (b)/t.ts:3:4"],
    ["    at /home/a (b)/t.ts:3:4", "/home/a (b)/t.ts:3:4"],
    ["    at /home/ann/a (b).ts:3:4", "a (b).ts:3:4"],
    ["    at Object.a (b) [as c] (/home/ann/t.ts:3:4)", "t.ts:3:4"],
    ["    at new Orders (file:///home/ann/t.ts:3:4)", "t.ts:3:4"],
    ["    at file:///home/ann/t.ts:3:4", "t.ts:3:4"],
    ["    at async file:///home/ann/t.ts:3:4", "t.ts:3:4"],
    ["    at async Orders.place (file:///home/ann/t.ts:3:4)", "t.ts:3:4"],
    ["    at file:///home/ann/my%20t%C3%A9st%25.ts:3:4", "my tést%.ts:3:4"],
    ["    at place (file:///home/ann/t.js?v=1:3:4)", "t.js:3:4"],
    ["    at place (https://host/t.js:3:4)", "https://host/t.js:3:4"],
    ["    at place (/home/anna/t.ts:3:4)", "/home/anna/t.ts:3:4"],
    ["    at Array.forEach (<anonymous>)", undefined],
    ["    at async Promise.all (index 0)", undefined],
    ["    at <anonymous>:3:4", undefined],
    ["    at eval (eval at place (file:///home/ann/t.ts:1:2), <anonymous>:3:4)", undefined],
    ["    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)", undefined],
    ["    at node:internal/main/run_main_module:28:49", undefined],
    ["Error", undefined],
  ])("%s", (line, place) => {
    expect(placeIn(line, here)).toBe(place);
  });

  it.each([
    ["    at place (C:\\Users\\ann\\test\\t.ts:3:4)", "test/t.ts:3:4"],
    ["    at place (file:///C:/Users/ann/test/t.ts:3:4)", "test/t.ts:3:4"],
    ["    at C:\\Users\\a (b)\\t.ts:3:4", "C:/Users/a (b)/t.ts:3:4"],
    ["    at file:///D:/t.ts:3:4", "D:/t.ts:3:4"],
  ])("%s", (line, place) => {
    expect(placeIn(line, "C:\\Users\\ann")).toBe(place);
  });

  it("knows the root folder", () => {
    expect(placeIn("    at place (/t.ts:3:4)", "/")).toBe("t.ts:3:4");
  });
});

describe("callSite", () => {
  const site = () => callSite(site);

  it("is where the function was called", () => {
    expect(withCode(String(site()))).toBe("<site>");
    expect([0].map(site)[0]).toMatch(/^src\/mock\/call-site\.test\.ts:\d+:\d+$/);
  });

  it("is undefined for a function that nobody has called", () => {
    expect(callSite(() => {})).toBeUndefined();
  });

  it.each<[what: string, prepare: typeof Error.prepareStackTrace | undefined, limit: number]>([
    ["frames in place of a text", (_error, frames) => frames, 10],
    ["a text of another form", () => "somewhere", 10],
    ["no stack at all", undefined, 0],
  ])("does not depend on what others do to stacks: %s", (_what, prepare, limit) => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    onTestFinished(() => {
      Object.assign(Error, { prepareStackTrace, stackTraceLimit });
    });
    Object.assign(Error, { prepareStackTrace: prepare, stackTraceLimit: limit });
    const found = site();
    const after = { prepareStackTrace: Error.prepareStackTrace, stackTraceLimit: Error.stackTraceLimit };
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
    expect(found).toMatch(/^src\/mock\/call-site\.test\.ts:\d+:\d+$/);
    expect(after).toEqual({ prepareStackTrace: prepare, stackTraceLimit: limit });
  });
});

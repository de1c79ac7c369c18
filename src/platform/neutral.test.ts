import { describe, expect, it, vi } from "vitest";
import * as neutral from "./neutral.js";
import * as node from "./node.js";
import type { Platform } from "./types.js";

describe("the two platforms", () => {
  it("have the same shape", () => {
    const platforms: readonly Platform[] = [node satisfies Platform, neutral satisfies Platform];
    const [ofNode, ofOthers] = platforms.map((platform) => Object.keys(platform).sort());
    expect(ofOthers).toEqual(ofNode);
  });

  it("differ in whether there is a storage", () => {
    expect(neutral.createStorage()).toBeUndefined();
    const storage = node.createStorage<string>();
    const seen = storage?.run("inside", (end: string) => `${storage.getStore()}${end}`, "!");
    expect([seen, storage?.getStore()]).toEqual(["inside!", undefined]);
  });
});

describe("neutral", () => {
  it("has no files, no process and no terminal", () => {
    const message = (name: string) =>
      new TypeError(`This runtime can't write to ${name}: give the logger a sink of your own.`);
    expect(() => neutral.openSink({ fd: 3 })).toThrow(message("descriptor 3"));
    expect(() => neutral.openSink({ path: "a.log" })).toThrow(message("file a.log"));
    const never = () => {
      throw new Error("called");
    };
    neutral.onProcessExit(never);
    neutral.onCrash(never);
    neutral.exitProcess(1);
    expect(neutral.stdoutIsTerminal()).toBe(false);
  });

  it("writes lines to the console", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    neutral.stdoutSink().write("one\ntwo\n");
    neutral.stdoutSink().write("\n");
    const lines = log.mock.calls;
    log.mockRestore();
    expect(lines).toEqual([["one"], ["two"], [""]]);
  });
});

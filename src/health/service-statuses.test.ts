import { testLogger } from "connect-clue/testing";
import { describe, expect, it } from "vitest";
import { Switched } from "../../test/support/switched.js";
import { type Checker, createChecker, type ServingStatus } from "./index.js";

/** The statuses of a checker, as text. */
function statuses(checker: Checker): string {
  const short = { SERVING: "+", NOT_SERVING: "-", UNKNOWN: "?" };
  return Array.from(checker.statuses(), ([name, status]) => `${name || '""'}${short[status]}`).join(" ");
}

const logger = testLogger();

describe("the status of a service", () => {
  it.each<[string, dependency: Switched, expected: string]>([
    ["is critical", new Switched("db"), '""- readiness- liveness+ a.A- b.B-'],
    ["is not critical", new Switched("db", false), '""+ readiness+ liveness+ a.A+ b.B+'],
    ["is critical and has services", new Switched("db", true, ["a.A"]), '""- readiness- liveness+ a.A- b.B+'],
    [
      "is not critical and has services",
      new Switched("db", false, ["a.A"]),
      '""+ readiness+ liveness+ a.A- b.B+',
    ],
    ["has no services to fail", new Switched("db", true, []), '""- readiness- liveness+ a.A+ b.B+'],
  ])("follows a dependency that %s", async (_, dependency, expected) => {
    const checker = createChecker({ dependencies: [dependency], cacheMs: 0, logger });
    checker.register(["a.A", "b.B"]);
    const beforeAnyPing = statuses(checker);
    dependency.fault = new Error("refused");
    const all = { services: ["", "a.A", "b.B"] };
    const { ready } = await checker.check(all);
    const whenDown = statuses(checker);
    dependency.fault = undefined;
    await checker.check(all);
    expect([beforeAnyPing, whenDown, statuses(checker)]).toEqual([
      expected,
      expected,
      '""+ readiness+ liveness+ a.A+ b.B+',
    ]);
    expect(ready).toBe(expected.startsWith('""+'));
  });

  it("is unknown, unless a dependency, register() or set() names the service", () => {
    const checker = createChecker({ dependencies: [new Switched("db", false, ["a.A"])] });
    checker.register(["b.B"]);
    checker.set("c.C", "SERVING");
    const names = ["a.A", "b.B", "c.C", "d.D", "", "readiness", "liveness", "__proto__"];
    expect(names.map((name) => checker.status(name))).toEqual([
      "NOT_SERVING",
      "SERVING",
      "SERVING",
      undefined,
      "SERVING",
      "SERVING",
      "SERVING",
      undefined,
    ]);
  });

  it("is the worse of what is set and what dependencies say", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0, logger });
    const seen: unknown[] = [];
    for (const fault of [undefined, new Error("refused")]) {
      db.fault = fault;
      for (const status of ["SERVING", "UNKNOWN", "NOT_SERVING"] as const) {
        checker.set("a.A", status);
        await checker.check();
        seen.push(checker.status("a.A"));
      }
    }
    expect(seen).toEqual(["SERVING", "UNKNOWN", "NOT_SERVING", "NOT_SERVING", "NOT_SERVING", "NOT_SERVING"]);
  });

  it("of the whole is set by both of its names, and is no other service's", async () => {
    const checker = createChecker();
    checker.register(["a.A"]);
    checker.set("readiness", "NOT_SERVING");
    const down = [statuses(checker), (await checker.check()).ready];
    checker.set("", "SERVING");
    expect([down, [statuses(checker), (await checker.check()).ready]]).toEqual([
      ['""- readiness- liveness+ a.A+', false],
      ['""+ readiness+ liveness+ a.A+', true],
    ]);
  });

  it("is NOT_SERVING after shutdown(), whatever is set, and SERVING after resume()", async () => {
    const checker = createChecker();
    checker.set("a.A", "UNKNOWN");
    checker.set("liveness", "NOT_SERVING");
    checker.shutdown();
    checker.set("a.A", "SERVING");
    checker.set("liveness", "SERVING");
    checker.set("b.B", "SERVING");
    checker.register(["c.C"]);
    const shut = [statuses(checker), (await checker.check()).ready];
    checker.resume();
    expect([shut, [statuses(checker), (await checker.check()).ready]]).toEqual([
      ['""- readiness- liveness- a.A- c.C-', false],
      ['""+ readiness+ liveness+ a.A+ c.C+', true],
    ]);
  });

  it("of the process is SERVING through shutdown()", () => {
    const checker = createChecker();
    checker.shutdown();
    expect(statuses(checker)).toBe('""- readiness- liveness+');
  });

  it("is not changed by register() for a service that is known", () => {
    const checker = createChecker();
    checker.set("a.A", "NOT_SERVING");
    checker.register(["a.A", "", "readiness", "liveness"]);
    expect(statuses(checker)).toBe('""+ readiness+ liveness+ a.A-');
  });

  it.each<[string, (checker: Checker) => void, string]>([
    [
      "set",
      (checker) => checker.set(7 as never, "SERVING"),
      "set: service: expected the full name of a service, got 7",
    ],
    [
      "set",
      (checker) => checker.set("a.A", "SERVICE_UNKNOWN" as ServingStatus),
      'set: status: expected UNKNOWN, SERVING, NOT_SERVING, got "SERVICE_UNKNOWN"',
    ],
    [
      "register",
      (checker) => checker.register("a.A"),
      'register: services: expected names of services, got "a.A"',
    ],
    [
      "register",
      (checker) => checker.register(undefined as never),
      "register: services: expected names of services, got undefined",
    ],
    [
      "register",
      (checker) => checker.register(["a.A", 5 as never]),
      "register: services: expected names of services, got an array",
    ],
  ])("refuses what %s cannot take", (_, act, message) => {
    expect(() => act(createChecker())).toThrow(new TypeError(message));
  });
});

import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { beforeEach, describe, expect, it } from "vitest";
import { Switched } from "../../test/support/switched.js";
import { type CheckerOptions, createChecker } from "./index.js";

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ test: t });
});

describe("createChecker", () => {
  it("is ready without dependencies", async () => {
    const checker = createChecker();
    const before = checker.statuses();
    expect([...before]).toEqual([
      ["", "SERVING"],
      ["readiness", "SERVING"],
      ["liveness", "SERVING"],
    ]);
    expect(await checker.check()).toEqual({ ready: true, uptime: 0, version: "", dependencies: [] });
  });

  it("reports each dependency in its order, with version and uptime", async () => {
    const slow = new Switched("slow");
    const broken = new Switched("broken", false);
    const answer = slow.hang();
    broken.fault = new Error("refused");
    const checker = createChecker({ version: "abc123", dependencies: [slow, broken], logger: silent });
    await clock.advance(2999);
    const report = checker.check();
    await clock.advance(20);
    answer.open();
    expect(await report).toEqual({
      ready: true,
      uptime: 3,
      version: "abc123",
      dependencies: [
        { name: "slow", up: true, critical: true, latencyMs: 20, error: undefined },
        { name: "broken", up: false, critical: false, latencyMs: 0, error: new Error("refused") },
      ],
    });
  });

  it.each<[string, () => unknown, unknown]>([
    ["false", () => false, new Error("the ping answered false")],
    ["a rejection", () => Promise.reject(new Error("refused")), new Error("refused")],
    [
      "a rejection that is no error",
      () => Promise.reject("nope"),
      new Error("the ping failed", { cause: "nope" }),
    ],
    ["a rejection with nothing", () => Promise.reject(), new Error("the ping failed", { cause: undefined })],
    ["undefined", () => undefined, undefined],
    ["null", () => null, undefined],
    ["a promise of anything", () => Promise.resolve({ rows: [] }), undefined],
  ])("takes %s as it is meant", async (_, ping, error) => {
    const checker = createChecker({ dependencies: [{ name: "db", ping }], logger: silent });
    const { dependencies } = await checker.check();
    expect(dependencies).toEqual([
      { name: "db", up: error === undefined, critical: true, latencyMs: 0, error },
    ]);
  });

  it("takes what a ping throws at once, and keeps its `this`", async () => {
    const db = new (class {
      name = "db";
      fault = new Error("refused");
      ping() {
        throw this.fault;
      }
    })();
    const { ready, dependencies } = await createChecker({ dependencies: [db], logger: silent }).check();
    expect([ready, dependencies[0]?.error]).toEqual([false, new Error("refused")]);
  });

  it.each(
    Object.entries<[options: unknown, message: string]>({
      options: [7, "createChecker: expected an object of options, got 7"],
      "an array": [[], "createChecker: expected an object of options, got an array"],
      unknown: [
        { timeout: 5 },
        'createChecker: there is no option "timeout"; there are version, dependencies, timeoutMs, cacheMs, intervalMs, failureThreshold, successThreshold, logger, tracerProvider',
      ],
      version: [{ version: 3 }, "createChecker: version: expected a text, got 3"],
      timeoutMs: [
        { timeoutMs: 0 },
        "createChecker: timeoutMs: expected a number of milliseconds from 1 to 2147483647, got 0",
      ],
      cacheMs: [
        { cacheMs: -1 },
        "createChecker: cacheMs: expected a number of milliseconds from 0 to 2147483647, got -1",
      ],
      intervalMs: [
        { intervalMs: Number.POSITIVE_INFINITY },
        "createChecker: intervalMs: expected a number of milliseconds from 1 to 2147483647, got Infinity",
      ],
      failureThreshold: [
        { failureThreshold: 0 },
        "createChecker: failureThreshold: expected a number of pings, 1 or more, got 0",
      ],
      successThreshold: [
        { successThreshold: 1.5 },
        "createChecker: successThreshold: expected a number of pings, 1 or more, got 1.5",
      ],
      logger: [{ logger: {} }, "createChecker: logger: expected an object with info, warn, got an object"],
      tracerProvider: [
        { tracerProvider: "global" },
        'createChecker: tracerProvider: expected an object with getTracer, got "global"',
      ],
      dependencies: [
        { dependencies: { name: "db" } },
        "createChecker: dependencies: expected an array of { name, ping(signal) }, got an object",
      ],
      ping: [
        { dependencies: [{ name: "db" }] },
        "createChecker: dependencies: expected an object with ping, got an object",
      ],
      name: [
        { dependencies: [{ name: "", ping }] },
        'createChecker: dependencies: name: expected a text that is not empty, got ""',
      ],
      "the same name": [
        { dependencies: [new Switched("db"), new Switched("db")] },
        'createChecker: dependencies: name: expected a name that no other dependency has, got "db"',
      ],
      services: [
        { dependencies: [{ name: "db", ping, services: "chat.v1.ChatService" }] },
        'createChecker: dependencies: services: expected an array of full names of services, got "chat.v1.ChatService"',
      ],
      "services that are none": [
        { dependencies: [{ name: "db", ping, services: ["liveness"] }] },
        "createChecker: dependencies: services: expected an array of full names of services, got an array",
      ],
      critical: [
        { dependencies: [{ name: "db", ping, critical: "no" }] },
        'createChecker: dependencies: critical: expected true or false, got "no"',
      ],
    }),
  )("refuses a bad option: %s", (_, [options, message]) => {
    expect(() => createChecker(options as CheckerOptions)).toThrow(new TypeError(message));
  });
});

const ping = () => {};
const silent = { info() {}, warn() {} } as unknown as NonNullable<CheckerOptions["logger"]>;

import { getEventListeners, setMaxListeners } from "node:events";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { testLogger } from "connect-clue/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { Switched } from "../../test/support/switched.js";
import { type Checker, createChecker } from "./index.js";

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ test: t });
});

const logger = testLogger();

/** One who watches, and what they have seen so far. */
function watcher(checker: Checker, service = "", signal = new AbortController().signal) {
  const seen: unknown[] = [];
  const read = async () => {
    for await (const status of checker.watch(service, signal)) seen.push(status);
  };
  const ended = read().catch((reason) => seen.push(reason));
  return { seen, ended };
}

/** Lets all that is due come to pass. */
const settle = () => clock.advance(0);

describe("watch", () => {
  it("tells the present status, and then each that is another", async () => {
    const checker = createChecker();
    const { seen } = watcher(checker, "a.A");
    const act = [
      () => checker.register(["b.B"]),
      () => checker.register(["a.A"]),
      () => checker.set("a.A", "SERVING"),
      () => checker.set("a.A", "UNKNOWN"),
      () => checker.set("", "NOT_SERVING"),
      () => checker.shutdown(),
      () => checker.set("a.A", "UNKNOWN"),
      () => checker.resume(),
    ];
    for (const step of act) {
      await settle();
      step();
    }
    await settle();
    expect(seen).toEqual([undefined, "SERVING", "UNKNOWN", "NOT_SERVING", "SERVING"]);
  });

  it("takes readiness for the server as a whole", async () => {
    const checker = createChecker();
    const { seen } = watcher(checker, "readiness");
    await settle();
    checker.set("", "NOT_SERVING");
    await settle();
    expect(seen).toEqual(["SERVING", "NOT_SERVING"]);
  });

  it("tells slow readers the newest only, and nothing when that is what they know", async () => {
    const checker = createChecker();
    const statuses = checker.watch("", new AbortController().signal)[Symbol.asyncIterator]();
    const seen = [await statuses.next()];
    checker.set("", "NOT_SERVING");
    checker.set("", "UNKNOWN");
    seen.push(await statuses.next());
    checker.set("", "NOT_SERVING");
    checker.set("", "UNKNOWN");
    const next = statuses.next();
    checker.set("", "NOT_SERVING");
    checker.set("", "UNKNOWN");
    await settle();
    checker.set("", "SERVING");
    seen.push(await next);
    expect(seen.map(({ value }) => value)).toEqual(["SERVING", "UNKNOWN", "SERVING"]);
  });

  it("waits for the first pings, unless none can change what it tells", async () => {
    const db = new Switched("db", true, ["a.A"]);
    const { open } = db.hang();
    const checker = createChecker({ dependencies: [db] });
    checker.register(["b.B"]);
    const names = ["", "a.A", "b.B", "liveness", "d.D"];
    const watchers = names.map((name) => watcher(checker, name));
    await settle();
    const before = watchers.map(({ seen }) => [...seen]);
    open();
    await settle();
    expect(before).toEqual([[], [], ["SERVING"], ["SERVING"], [undefined]]);
    expect(watchers.map(({ seen }) => seen)).toEqual([
      ["SERVING"],
      ["SERVING"],
      ["SERVING"],
      ["SERVING"],
      [undefined],
    ]);
    expect(db.pings).toBe(1);
  });

  it("waits for nothing that does not matter to the service", async () => {
    const slow = new Switched("slow", false, ["b.B"]);
    slow.hang();
    const checker = createChecker({ dependencies: [slow, new Switched("db", false, ["a.A"])] });
    const watchers = ["a.A", "b.B", ""].map((name) => watcher(checker, name));
    await settle();
    expect(watchers.map(({ seen }) => seen)).toEqual([["SERVING"], [], ["SERVING"]]);
  });

  it.each<[string, act: (checker: Checker, db: Switched) => void]>([
    ["a shutdown", (checker) => checker.shutdown()],
    ["what is set", (checker) => checker.set("", "NOT_SERVING")],
    ["another dependency that is down", (_, db) => Object.assign(db, { fault: new Error("refused") })],
  ])("does not wait for a first ping to tell of %s", async (_, act) => {
    const slow = new Switched("slow");
    const db = new Switched("db");
    slow.hang();
    const answer = db.hang();
    const checker = createChecker({ dependencies: [slow, db], logger });
    const early = watcher(checker);
    await settle();
    const before = [...early.seen];
    act(checker, db);
    answer.open();
    const late = watcher(checker);
    await settle();
    expect([before, early.seen, late.seen]).toEqual([[], ["NOT_SERVING"], ["NOT_SERVING"]]);
  });

  it("tells nothing new while what was set is taken back and a first ping decides", async () => {
    const db = new Switched("db");
    const { open } = db.hang();
    const checker = createChecker({ dependencies: [db] });
    checker.set("", "NOT_SERVING");
    const { seen } = watcher(checker);
    await settle();
    checker.set("", "SERVING");
    await settle();
    const before = [...seen];
    open();
    await settle();
    expect([before, seen]).toEqual([["NOT_SERVING"], ["NOT_SERVING", "SERVING"]]);
  });

  it("refuses a name that is no text", () => {
    expect(() => createChecker().watch(undefined as never, new AbortController().signal)).toThrow(
      new TypeError("watch: service: expected the full name of a service, got undefined"),
    );
  });

  it("pings at once and then at intervalMs while someone watches, with one timer", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], intervalMs: 1000, logger });
    const controllers = [new AbortController(), new AbortController()];
    const watchers = controllers.map(({ signal }) => watcher(checker, "", signal));
    await settle();
    const counts = [[db.pings, clock.timers]];
    const faults = [undefined, new Error("refused"), new Error("refused"), undefined];
    for (const fault of faults) {
      db.fault = fault;
      await clock.advance(1000);
      counts.push([db.pings, clock.timers]);
    }
    controllers[0]?.abort(new Error("gone"));
    await clock.advance(1000);
    counts.push([db.pings, clock.timers]);
    controllers[1]?.abort(new Error("gone"));
    await clock.advance(10_000);
    counts.push([db.pings, clock.timers]);
    expect(counts).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
      [6, 1],
      [6, 0],
    ]);
    expect(watchers.map(({ seen }) => seen)).toEqual(
      Array(2).fill(["SERVING", "NOT_SERVING", "SERVING", new Error("gone")]),
    );
  });

  it("does not ping for those who watch what no ping can change", async () => {
    const db = new Switched("db", true, ["a.A"]);
    const checker = createChecker({ dependencies: [db] });
    checker.register(["b.B"]);
    for (const name of ["liveness", "b.B", "d.D"]) watcher(checker, name);
    await clock.advance(60_000);
    expect([db.pings, clock.timers]).toEqual([0, 0]);
  });

  it("stops pinging when its readers do not come back", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], intervalMs: 1000 });
    const statuses = checker.watch("", new AbortController().signal)[Symbol.asyncIterator]();
    await statuses.next();
    await clock.advance(10_000);
    expect([db.pings, clock.timers]).toEqual([1, 0]);
  });

  it("ends with return(), also while it waits", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db] });
    const { signal } = new AbortController();
    const statuses = checker.watch("", signal)[Symbol.asyncIterator]();
    await statuses.next();
    const waiting = [statuses.next(), statuses.next()];
    const whileWaiting = [getEventListeners(signal, "abort").length, clock.timers];
    await statuses.return?.();
    expect(await Promise.all([...waiting, statuses.next()])).toEqual(
      Array(3).fill({ done: true, value: undefined }),
    );
    expect([whileWaiting, getEventListeners(signal, "abort").length, clock.timers]).toEqual([[2, 1], 0, 0]);
  });

  it("rejects with the reason of a signal that has aborted, each time", async () => {
    const statuses = createChecker()
      .watch("", AbortSignal.abort(new Error("gone")))
      [Symbol.asyncIterator]();
    await expect(statuses.next()).rejects.toThrow(new Error("gone"));
    await expect(statuses.next()).rejects.toThrow(new Error("gone"));
  });

  it("leaks nothing with 1,000 watchers and 10,000 changes", async () => {
    const checker = createChecker();
    const controller = new AbortController();
    const { signal } = controller;
    setMaxListeners(0, signal);
    const names = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? "" : `unknown ${i}`));
    const watchers = names.map((name) => watcher(checker, name, signal));
    for (let i = 0; i < 10_000; i++) {
      checker.set("", i % 2 === 0 ? "NOT_SERVING" : "SERVING");
      if (i % 101 === 0) await settle();
    }
    await settle();
    const listeners = getEventListeners(signal, "abort").length;
    controller.abort(new Error("gone"));
    await Promise.all(watchers.map(({ ended }) => ended));
    const seen = new Set(watchers.map((each) => each.seen.map(String).join(" ")));
    expect([listeners, getEventListeners(signal, "abort").length, checker.statuses().size]).toEqual([
      1000, 0, 3,
    ]);
    expect([...seen]).toEqual([
      `SERVING ${"NOT_SERVING SERVING ".repeat(50)}Error: gone`,
      "undefined Error: gone",
    ]);
  });
});

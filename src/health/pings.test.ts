import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners, setMaxListeners } from "node:events";
import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { testLogger } from "connect-clue/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { Switched } from "../../test/support/switched.js";
import { activeContext, runIn } from "../call/implicit.js";
import { type CheckOptions, createChecker } from "./index.js";

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ test: t });
});

const logger = testLogger();

describe("checks", () => {
  it("wait for what the server as a whole needs, and tell what the others said last", async () => {
    const cache = new Switched("cache", false);
    const { open } = cache.hang();
    const checker = createChecker({ dependencies: [new Switched("db"), cache], cacheMs: 0 });
    const up = { up: true, latencyMs: 0, error: undefined };
    const db = { ...up, name: "db", critical: true };
    const well = { ...up, name: "cache", critical: false, latencyMs: 250 };
    const first = await afterMs(250, checker.check());
    open();
    await clock.advance(0);
    const known = checker.report();
    cache.hang();
    cache.fault = new Error("refused");
    const last = await afterMs(250, checker.check());
    expect([first, known, last].map(({ ready, dependencies }) => [ready, dependencies])).toEqual([
      [true, [db]],
      [true, [db, well]],
      [true, [db, well]],
    ]);
    expect(cache.pings).toBe(2);
  });

  it("tell at once of what nobody needs, when it answers", async () => {
    const cache = { name: "cache", critical: false, ping: () => Promise.reject(new Error("refused")) };
    const { ready, dependencies } = await createChecker({ dependencies: [cache] }).check();
    expect([ready, dependencies.map(({ name, up }) => [name, up])]).toEqual([true, [["cache", false]]]);
  });

  it("of some services ping what these need, and wait for that alone", async () => {
    const slow = new Switched("slow", false, ["a.A"]);
    const { open } = slow.hang();
    const db = new Switched("db", false, ["b.B"]);
    const checker = createChecker({ dependencies: [slow, db], cacheMs: 0 });
    const pings: unknown[] = [];
    for (const services of [[], ["liveness", "c.C"], ["b.B"], new Set(["b.B", "liveness"])]) {
      await checker.check({ services });
      pings.push([slow.pings, db.pings]);
    }
    const both = checker.check({ services: ["a.A", "b.B"] });
    open();
    const { dependencies } = await both;
    pings.push([slow.pings, db.pings]);
    expect(pings).toEqual([
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 3],
    ]);
    expect(dependencies.map(({ up }) => up)).toEqual([true, true]);
  });

  it("do not ping again what has not answered yet", async () => {
    const cache = new Switched("cache", false);
    const db = new Switched("db");
    const { open } = cache.hang();
    const checker = createChecker({ dependencies: [cache, db], cacheMs: 0 });
    for (let i = 0; i < 3; i++) await afterMs(250, checker.check());
    const whileOn = [cache.pings, db.pings];
    open();
    await clock.advance(0);
    await checker.check();
    expect([whileOn, cache.pings, db.pings]).toEqual([[1, 3], 2, 4]);
  });

  it.each<[options: unknown, message: string]>([
    [[], "check: expected an object of options, got an array"],
    [{ service: "a.A" }, 'check: there is no option "service"; there are services, signal'],
    [{ services: "a.A" }, 'check: services: expected names of services, got "a.A"'],
    [{ services: [5] }, "check: services: expected names of services, got an array"],
    [
      { signal: {} },
      "check: signal: expected an object with throwIfAborted, addEventListener, got an object",
    ],
  ])("refuse %j", async (options, message) => {
    await expect(createChecker().check(options as CheckOptions)).rejects.toThrow(new TypeError(message));
  });

  it("share one ping: a thousand at once make one ping", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0 });
    const { open } = db.hang();
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    const checks = Array.from({ length: 1000 }, () => checker.check({ signal }));
    await clock.advance(100);
    checks.push(...Array.from({ length: 1000 }, () => checker.check({ signal })));
    open();
    const reports = await Promise.all(checks);
    expect([db.pings, reports.length, new Set(reports.map(({ ready }) => ready))]).toEqual([
      1,
      2000,
      new Set([true]),
    ]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("take results that are younger than cacheMs, counted from the end of their ping", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 100 });
    const { open } = db.hang();
    const first = checker.check();
    await clock.advance(1000);
    open();
    await first;
    const seen: number[] = [];
    for (const ms of [0, 99, 1, 0]) {
      await clock.advance(ms);
      await checker.check();
      seen.push(db.pings);
    }
    expect(seen).toEqual([1, 1, 2, 2]);
  });

  it("ping each time with cacheMs: 0", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0 });
    await checker.check();
    await checker.check();
    expect(db.pings).toBe(2);
  });

  it("stop waiting with their signal's reason, and the ping goes on for others", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0 });
    const { open } = db.hang();
    const controller = new AbortController();
    const impatient = checker.check({ signal: controller.signal });
    const patient = checker.check();
    controller.abort(new Error("gone"));
    await expect(impatient).rejects.toThrow(new Error("gone"));
    await expect(checker.check({ signal: controller.signal })).rejects.toThrow(new Error("gone"));
    open();
    expect((await patient).ready).toBe(true);
    expect([db.pings, getEventListeners(controller.signal, "abort")]).toEqual([1, []]);
  });
});

describe("a ping", () => {
  it("that ignores its signal is given up at its deadline, and its late answer is dropped", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db, new Switched("cache")], timeoutMs: 200, logger });
    const { open } = db.hang();
    const check = checker.check();
    await clock.advance(200);
    const report = await check;
    db.fault = new Error("too late");
    open();
    await clock.advance(0);
    expect(report.dependencies).toEqual([
      { name: "db", up: false, critical: true, latencyMs: 200, error: new Error("no answer within 200 ms") },
      { name: "cache", up: true, critical: true, latencyMs: 0, error: undefined },
    ]);
  });

  it("is told that nobody waits any more, and not when it has answered", async () => {
    const signals: AbortSignal[] = [];
    const answers = [new Promise(() => {}), Promise.resolve()];
    const ping = (signal: AbortSignal) => answers[signals.push(signal) - 1];
    const checker = createChecker({ dependencies: [{ name: "db", ping }], cacheMs: 0, logger });
    const check = checker.check();
    await clock.advance(5000);
    await check;
    await checker.check();
    expect(signals.map(({ reason }) => reason)).toEqual([new Error("no answer within 5000 ms"), undefined]);
  });

  it("leaves no timer behind, whether it answers or not", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0, timeoutMs: 10, logger });
    await checker.check();
    const answered = clock.timers;
    db.hang();
    const check = checker.check();
    const waiting = clock.timers;
    await clock.advance(10);
    await check;
    expect([answered, waiting, clock.timers]).toEqual([0, 1, 0]);
  });

  it("that never settles does not pile up", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0, timeoutMs: 10, logger });
    const { open } = db.hang();
    const errors: unknown[] = [];
    for (let i = 0; i < 10; i++) {
      const check = checker.check();
      await clock.advance(10);
      errors.push((await check).dependencies[0]?.error);
    }
    open();
    await clock.advance(0);
    expect([db.pings, (await checker.check()).ready, db.pings]).toEqual([8, true, 9]);
    expect(errors).toEqual([
      ...Array(8).fill(new Error("no answer within 10 ms")),
      ...Array(2).fill(new Error("8 earlier pings have not ended yet")),
    ]);
  });

  it("is let through once a minute while earlier ones never settle, and finds out what is well again", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0, timeoutMs: 10, logger });
    db.hang();
    const pings: number[] = [];
    const check = async () => {
      const checked = checker.check();
      await clock.advance(10);
      pings.push(db.pings);
      return (await checked).ready;
    };
    for (let i = 0; i < 9; i++) await check();
    for (const ms of [59_970, 10, 59_970, 10]) {
      await clock.advance(ms);
      await check();
    }
    db.unhang();
    const early = await check();
    await clock.advance(60_000);
    expect([early, await check(), await check(), await check()]).toEqual([false, true, true, true]);
    expect(pings).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8, ...[8, 9, 9, 10], ...[10, 11, 12, 13]]);
  });

  it("runs outside of the call that asked for it", async () => {
    const key = createContextKey("call");
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const ping = () => void seen.push([activeContext().getValue(key), storage.getStore()]);
    const checker = createChecker({ dependencies: [{ name: "db", ping }], cacheMs: 0 });
    const { signal } = new AbortController();
    const inCall = <T>(fn: () => T) =>
      storage.run("store", () => runIn(ROOT_CONTEXT.setValue(key, "ctx"), fn, undefined));
    await inCall(() => checker.check());
    const statuses = inCall(() => checker.watch("", signal)[Symbol.asyncIterator]());
    await inCall(() => statuses.next());
    void inCall(() => statuses.next());
    await clock.advance(5000);
    expect(seen).toEqual(Array(3).fill([undefined, undefined]));
  });
});

async function afterMs<T>(ms: number, result: Promise<T>): Promise<T> {
  await clock.advance(ms);
  return result;
}

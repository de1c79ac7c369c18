import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners, setMaxListeners } from "node:events";
import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LineSink } from "../../test/support/line-sink.js";
import { Switched } from "../../test/support/switched.js";
import { activeContext, runIn } from "../call/implicit.js";
import { createChecker } from "./index.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const { logger } = new LineSink();

describe("checks", () => {
  it("share one run: a thousand at once make one ping", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0 });
    const { open } = db.hang();
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    const checks = Array.from({ length: 1000 }, () => checker.check(signal));
    await vi.advanceTimersByTimeAsync(100);
    checks.push(...Array.from({ length: 1000 }, () => checker.check(signal)));
    open();
    const reports = await Promise.all(checks);
    expect([db.pings, reports.length, new Set(reports.map(({ ready }) => ready))]).toEqual([
      1,
      2000,
      new Set([true]),
    ]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("take results that are younger than cacheMs, counted from the end of their run", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 100 });
    const { open } = db.hang();
    const first = checker.check();
    await vi.advanceTimersByTimeAsync(1000);
    open();
    await first;
    const seen: number[] = [];
    for (const ms of [0, 99, 1, 0]) {
      await vi.advanceTimersByTimeAsync(ms);
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

  it("stop waiting with their signal's reason, and the run goes on for others", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0 });
    const { open } = db.hang();
    const controller = new AbortController();
    const impatient = checker.check(controller.signal);
    const patient = checker.check();
    controller.abort(new Error("gone"));
    await expect(impatient).rejects.toThrow(new Error("gone"));
    await expect(checker.check(controller.signal)).rejects.toThrow(new Error("gone"));
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
    await vi.advanceTimersByTimeAsync(200);
    const report = await check;
    db.fault = new Error("too late");
    open();
    await vi.advanceTimersByTimeAsync(0);
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
    await vi.advanceTimersByTimeAsync(5000);
    await check;
    await checker.check();
    expect(signals.map(({ reason }) => reason)).toEqual([new Error("no answer within 5000 ms"), undefined]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that never settles does not pile up", async () => {
    const db = new Switched("db");
    const checker = createChecker({ dependencies: [db], cacheMs: 0, timeoutMs: 10, logger });
    const { open } = db.hang();
    const errors: unknown[] = [];
    for (let i = 0; i < 10; i++) {
      const check = checker.check();
      await vi.advanceTimersByTimeAsync(10);
      errors.push((await check).dependencies[0]?.error);
    }
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect([db.pings, (await checker.check()).ready, db.pings]).toEqual([8, true, 9]);
    expect(errors).toEqual([
      ...Array(8).fill(new Error("no answer within 10 ms")),
      ...Array(2).fill(new Error("8 earlier pings have not ended yet")),
    ]);
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
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen).toEqual(Array(3).fill([undefined, undefined]));
  });
});

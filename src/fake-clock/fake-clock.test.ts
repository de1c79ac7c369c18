import { createServer } from "node:http";
import { mock } from "node:test";
import { withGlobal } from "@sinonjs/fake-timers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { coarseClock } from "../call/coarse-clock.js";
import { coarseTime } from "../call/coarse-time.js";
import { wait } from "../call/wait.js";
import { fakeClock } from "./index.js";

vi.mock("@sinonjs/fake-timers", { spy: true });

const stopped = new Error(
  "fakeClock: Date or a timer function is not the real one: restore first what another fakeClock(), the test runner's fake timers or a spy have put there",
);

const restorers: (() => void)[] = [];
afterEach(() => {
  for (const restore of restorers.splice(0)) restore();
});

function clockAt(now?: number | Date) {
  const clock = fakeClock(now === undefined ? {} : { now });
  restorers.push(() => clock.restore());
  return clock;
}

describe("fakeClock", () => {
  it("stops the time, and moves it on with all that hangs on it", async () => {
    const clock = clockAt(1000);
    const zero = performance.now();
    const events: unknown[] = [];
    const note = (what: string) => events.push([what, Date.now(), performance.now() - zero]);
    setTimeout(note, 100, "timeout");
    const interval = setInterval(note, 40, "interval");
    void Promise.resolve().then(() => setTimeout(note, 90, "later"));
    await clock.advance(99);
    clearInterval(interval);
    expect(events).toEqual([
      ["interval", 1040, 40],
      ["interval", 1080, 80],
      ["later", 1090, 90],
    ]);
    await clock.advance(1);
    expect(events.at(-1)).toEqual(["timeout", 1100, 100]);
    expect([clock.now, Date.now(), new Date().toISOString()]).toEqual([
      1100,
      1100,
      "1970-01-01T00:00:01.100Z",
    ]);
  });

  it("follows what timers set off, each at its own time", async () => {
    const clock = clockAt(0);
    const times: number[] = [];
    const loop = (async () => {
      for (let i = 0; i < 3; i++) {
        await wait(10);
        times.push(Date.now());
      }
    })();
    await clock.advance(30);
    await loop;
    expect(times).toEqual([10, 20, 30]);
  });

  it("leaves nobody behind who waits for setImmediate between two timers", async () => {
    const clock = clockAt(0);
    const times: number[] = [];
    void (async () => {
      for (let i = 0; i < 5; i++) {
        await wait(100);
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
        times.push(Date.now());
      }
    })();
    await clock.advance(1000);
    expect(times).toEqual([100, 200, 300, 400, 500]);
  });

  it("begins at the real time, or where it is told", () => {
    const before = Date.now();
    const clock = clockAt();
    expect(clock.now).toBeGreaterThanOrEqual(before);
    clock.restore();
    expect(clockAt(new Date("2030-01-01T00:00:00Z")).now).toBe(Date.UTC(2030, 0, 1));
  });

  it("leaves sockets, setImmediate and the other tasks as they are", async () => {
    clockAt(0);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const server = createServer((_, response) => response.end("hi"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("hi");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("puts everything back, once, and clears timers of before under way", async () => {
    const real = [Date, setTimeout, setInterval, clearTimeout, clearInterval];
    const now = performance.now();
    const timer = setTimeout(() => {}, 1_000_000);
    const clock = clockAt(0);
    clearTimeout(timer);
    expect([Date === real[0], setTimeout === real[1]]).toEqual([false, false]);
    clock.restore();
    clock.restore();
    expect([Date, setTimeout, setInterval, clearTimeout, clearInterval]).toEqual(real);
    expect([Object.hasOwn(performance, "now"), performance.now() >= now]).toEqual([false, true]);
    await expect(clock.advance(1)).rejects.toThrow(
      new Error("advance(): this clock was restored; fakeClock() makes another one"),
    );
  });

  it("lets no timer go off any more when it is restored while it moves", async () => {
    const clock = clockAt(0);
    const fired: unknown[] = [];
    for (const ms of [10, 20, 5000]) setTimeout(() => fired.push(ms), ms);
    setInterval(() => fired.push("interval"), 15);
    setTimeout(() => clock.restore(), 12);
    await clock.advance(6000);
    expect([fired, clock.timers]).toEqual([[10], 0]);
  });

  it("lets none go off when it is restored before it moves", async () => {
    const clock = clockAt(0);
    const fired: unknown[] = [];
    setTimeout(() => fired.push(10), 10);
    const advancing = clock.advance(6000);
    clock.restore();
    await advancing;
    expect(fired).toEqual([]);
  });

  it("counts whole milliseconds, also from a fraction on", async () => {
    const clock = clockAt(0.5);
    const zero = performance.now();
    await clock.advance(1);
    expect([clock.now, Date.now(), performance.now() - zero, zero % 1]).toEqual([1, 1, 1, 0]);
    clock.restore();
    const latest = 8.64e15;
    expect(clockAt(latest).now).toBe(latest);
  });

  it("is restored at the end of the test", () => {
    const ends: (() => void)[] = [];
    fakeClock({ test: { onTestFinished: (act) => void ends.push(act) } });
    expect("isFake" in Date).toBe(true);
    for (const end of ends) end();
    expect("isFake" in Date).toBe(false);
  });

  it("refuses a second one, whoever has stopped the time", () => {
    clockAt(0);
    expect(() => fakeClock()).toThrow(stopped);
    for (const restore of restorers.splice(0)) restore();
    vi.useFakeTimers();
    restorers.push(() => void vi.useRealTimers());
    expect(() => fakeClock()).toThrow(stopped);
  });

  it.each(["Date", "setTimeout", "setInterval"] as const)("refuses a %s mocked by node:test", (api) => {
    mock.timers.enable({ apis: [api] });
    restorers.push(() => mock.timers.reset());
    expect(() => fakeClock()).toThrow(stopped);
    mock.timers.reset();
    expect(clockAt(0).now).toBe(0);
  });

  it("puts back a performance.now() that a test has put there", () => {
    const own = vi.spyOn(performance, "now").mockReturnValue(5);
    restorers.push(() => own.mockRestore());
    const clock = clockAt(0);
    expect(performance.now()).toBe(5);
    clock.restore();
    expect([performance.now(), vi.isMockFunction(performance.now)]).toEqual([5, true]);
  });

  it.each<[string, () => unknown]>([
    ['fakeClock: there is no option "at"; there are now, test', () => fakeClock({ at: 1 } as never)],
    [
      "fakeClock: now: expected a valid Date or milliseconds since the epoch from -8.64e15 to 8.64e15, got NaN",
      () => fakeClock({ now: Number.NaN }),
    ],
    [
      "fakeClock: now: expected a valid Date or milliseconds since the epoch from -8.64e15 to 8.64e15, got an object",
      () => fakeClock({ now: new Date("x") }),
    ],
    [
      "fakeClock: now: expected a valid Date or milliseconds since the epoch from -8.64e15 to 8.64e15, got 100000000000000000000",
      () => fakeClock({ now: 1e20 }),
    ],
    [
      'fakeClock: now: expected a valid Date or milliseconds since the epoch from -8.64e15 to 8.64e15, got "0"',
      () => fakeClock({ now: "0" as never }),
    ],
    [
      'test: expected the context that Vitest or node:test hands to a test, as in test("…", (t) => …), got an object',
      () => fakeClock({ test: {} as never }),
    ],
  ])("%s", (message, make) => {
    expect(make).toThrow(new TypeError(message));
    expect("isFake" in Date).toBe(false);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "1"])("does not advance by %s", async (ms) => {
    await expect(clockAt(0).advance(ms as number)).rejects.toThrow(
      "advance(ms): expected a number of milliseconds from 0 on, got",
    );
  });
});

describe("the coarse clock under a fake one", () => {
  it("is exact, costs no ticks, and ticks on afterwards", async () => {
    coarseClock.start();
    const clock = clockAt(0);
    const zero = performance.now();
    expect(coarseTime.now).toBe(zero);
    await clock.advance(3_600_000);
    expect(coarseTime.now).toBe(zero + 3_600_000);
    clock.restore();
    const restored = coarseTime.now ?? Number.NaN;
    expect(Math.abs(restored - performance.now())).toBeLessThan(1000);
    await vi.waitUntil(() => coarseTime.now !== restored);
  });

  it("stays as it is when the time cannot be stopped", () => {
    vi.mocked(withGlobal).mockImplementationOnce(() => {
      throw new Error("broken");
    });
    restorers.push(() => coarseClock.beCoarse());
    const before = Object.getOwnPropertyDescriptor(coarseTime, "now");
    expect(() => fakeClock()).toThrow("broken");
    expect(Object.getOwnPropertyDescriptor(coarseTime, "now")).toEqual(before);
  });
});

import { withGlobal } from "@sinonjs/fake-timers";
import { coarseClock } from "../call/coarse-clock.js";
import { checkKnown, unexpected } from "../call/options.js";
import { real } from "../mock/real-time.js";
import { atEndOf, type TestContext } from "../mock/test-end.js";

/** Options of {@link fakeClock}. */
export interface FakeClockOptions {
  /** What time it is at first: a date, or whole milliseconds since the epoch. Default: the real time. */
  readonly now?: Date | number;
  /** The context of the test: the clock is restored at its end. */
  readonly test?: TestContext;
}

/** A clock that stands still until a test moves it. */
export interface FakeClock {
  /** What time it is, in milliseconds since the epoch. */
  readonly now: number;
  /** How many timers wait: 0 when the code under test has left none behind. */
  readonly timers: number;
  /**
   * Moves the time on. The timers that this reaches go off in order, each at its own time, and before the next one, what they
   * set off goes as far as it comes in ten turns of the event loop: promises, and a few `setImmediate` one after another.
   * A socket may take longer.
   *
   * @param ms - by how much, in milliseconds
   */
  advance(ms: number): Promise<void>;
  /** Puts the real time and timers back. Timers that have not gone off never will. */
  restore(): void;
}

/**
 * Stops the time of the process: `Date`, `performance.now()`, `setTimeout` and `setInterval` obey the test from now on,
 * and with them all timers and deadlines of the kit and of Connect. Sockets, promises, `setImmediate`, `process.nextTick`
 * and `process.hrtime` go on. Two of them at once are an error, as is one beside the fake timers of a test runner.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 * @throws Error when `Date` or a timer function is not the real one
 *
 * @example
 * test("gives up after a second", async (t) => {
 *   const clock = fakeClock({ test: t });
 *   const call = testCall(ChatService.method.chat, chat, { timeoutMs: 1000 });
 *   await clock.advance(1000);
 *   expect((await call.error)?.code).toBe(Code.DeadlineExceeded);
 * });
 */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  const now = checkedNow(options);
  if (isStopped()) {
    throw new Error(
      "fakeClock: Date or a timer function is not the real one: restore first what another fakeClock(), the test runner's fake timers or a spy have put there",
    );
  }
  let clock: FakeClock | undefined;
  if (options.test !== undefined) atEndOf(options.test, () => clock?.restore());
  clock = new StoppedClock(now);
  return clock;
}

class StoppedClock implements FakeClock {
  private readonly clock: ReturnType<ReturnType<typeof withGlobal>["install"]>;
  /** What a test has put there before; undefined where `now` is only inherited. */
  private readonly nowBefore = Object.getOwnPropertyDescriptor(performance, "now");
  private isOver = false;

  constructor(now: number) {
    // A whole number, so that durations are.
    const startedAt = Math.ceil(performance.now());
    const clock = withGlobal(patientGlobal()).install({
      now,
      toFake: [...faked],
      shouldClearNativeTimers: true,
    });
    this.clock = clock;
    // Put upon the one object that everybody holds: packages keep `performance` from when they were loaded.
    const value = () => startedAt + clock.now - now;
    Object.defineProperty(performance, "now", { configurable: true, writable: true, value });
    coarseClock.beExact();
  }

  get now(): number {
    return this.clock.now;
  }

  get timers(): number {
    return this.clock.countTimers();
  }

  async advance(ms: number): Promise<void> {
    if (typeof ms !== "number" || !(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw unexpected("advance(ms)", "a number of milliseconds from 0 on", ms);
    }
    if (this.isOver) throw new Error("advance(): this clock was restored; fakeClock() makes another one");
    await this.clock.tickAsync(ms);
  }

  restore(): void {
    if (this.isOver) return;
    this.isOver = true;
    Reflect.deleteProperty(performance, "now");
    if (this.nowBefore !== undefined) Object.defineProperty(performance, "now", this.nowBefore);
    // An advance() that is under way finds no timers any more, and comes to its end.
    this.clock.reset();
    this.clock.uninstall();
    coarseClock.beCoarse();
  }
}

/** What stays real: promises, `setImmediate` and `process.nextTick`, without which no socket would go on. */
const faked = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;

/**
 * The global object for the fake timers, which let others run for a turn of its `setImmediate` between two timers: here for a
 * few turns, since code that waits for `setImmediate` itself would be left behind.
 */
function patientGlobal(): typeof globalThis {
  return new Proxy(globalThis, {
    get: (target, name) => (name === "setImmediate" ? afterTurns : Reflect.get(target, name)),
    // Set on the target itself. By default a proxy defines the property anew, which the global object of a `node:vm`
    // context (Jest's) makes read-only for good.
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}

function afterTurns(act: () => void, left = turns): void {
  real.setImmediate(() => (left > 1 ? afterTurns(act, left - 1) : act()));
}

const turns = 10;

/** Whatever was put in the place of one of them: `node:test` leaves no mark on timers. Marks tell when the kit was loaded later. */
function isStopped(): boolean {
  const isOther = faked.some((name) => globalThis[name] !== real[name]);
  return isOther || "isFake" in Date || "isMock" in Date || Object.hasOwn(setTimeout, "clock");
}

function checkedNow(options: FakeClockOptions): number {
  checkKnown("fakeClock", options, ["now", "test"]);
  const { now = Date.now() } = options;
  const isTime = typeof now === "number" || now instanceof Date;
  // A date has whole milliseconds, and so has what hangs on the clock.
  const ms = isTime ? new Date(now).getTime() : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  const accepted = "a valid Date or milliseconds since the epoch from -8.64e15 to 8.64e15";
  throw unexpected("fakeClock: now", accepted, now);
}

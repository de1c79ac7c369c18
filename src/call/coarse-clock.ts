import { coarseTime } from "./coarse-time.js";
import { shared } from "./shared.js";

/**
 * A clock for what happens with every message: reading it costs nothing, where `performance.now()` takes as long as
 * the rest of what the kit does for a message. It ticks ten times a second, once somebody is interested.
 */
class CoarseClock {
  private isStarted = false;
  private isExact = false;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Lets the clock tick for as long as the process lives; it does not keep the process alive. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    if (!this.isExact) this.tick();
  }

  /**
   * Stops the ticking and reads the exact time until {@link beCoarse}: for a test that holds the time, and would have to
   * wait for ten ticks with every second that it skips.
   */
  beExact(): void {
    this.isExact = true;
    clearInterval(this.timer);
    const get = () => (this.isStarted ? performance.now() : undefined);
    Object.defineProperty(coarseTime, "now", { configurable: true, enumerable: true, get });
  }

  /** Ticks again, on the timers that there are now. */
  beCoarse(): void {
    this.isExact = false;
    Object.defineProperty(coarseTime, "now", { enumerable: true, writable: true, value: undefined });
    if (this.isStarted) this.tick();
  }

  private tick(): void {
    const look = () => {
      coarseTime.now = performance.now();
    };
    look();
    this.timer = setInterval(look, tickMs);
    const timer: unknown = this.timer;
    if (hasUnref(timer)) timer.unref();
  }
}

/** The process's one coarse clock. */
export const coarseClock: CoarseClock = shared("coarse clock", () => new CoarseClock());

const tickMs = 100;

/** Node's timers are objects, browsers' are numbers. */
function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}

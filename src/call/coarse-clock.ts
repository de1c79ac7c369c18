/**
 * A clock for what happens with every message: reading it costs nothing, where `performance.now()` takes as long as
 * the rest of what the kit does for a message. It ticks ten times a second, once somebody is interested.
 */
class CoarseClock {
  /** The clock of `performance.now()`, at most a tick ago; undefined while the clock stands still. */
  now: number | undefined;

  /** Lets the clock tick for as long as the process lives; it does not keep the process alive. */
  start(): void {
    if (this.now !== undefined) return;
    const tick = () => {
      this.now = performance.now();
    };
    tick();
    const timer: unknown = setInterval(tick, tickMs);
    if (hasUnref(timer)) timer.unref();
  }
}

/** The process's one coarse clock. */
export const coarseClock: CoarseClock = new CoarseClock();

const tickMs = 100;

/** Node's timers are objects, browsers' are numbers. */
function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}

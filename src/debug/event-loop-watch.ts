import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
} from "node:perf_hooks";

/** How late timers ran in some time. Durations are in milliseconds. */
export interface EventLoopDelays {
  readonly samples: number;
  readonly mean: number;
  readonly max: number;
  /** The delay that so many percent of the timers did not exceed. */
  percentile(percent: number): number;
}

/**
 * Watches the event loop: how late a timer of its own runs, and how busy the loop is. It does not keep the process alive.
 *
 * Node notes the time from one run of the timer to the next, which for an idle loop is the timer's interval and a little
 * more. The interval is taken off, such that 0 means punctual; a loop that stood still for a second shows about a second.
 */
export class EventLoopWatch {
  private readonly startedAt = performance.now();
  private readonly histogram: IntervalHistogram;
  private readonly start: EventLoopUtilization = performance.eventLoopUtilization();

  /** @param intervalMs - how often to look, in whole milliseconds: shorter delays go unseen, and each look costs some µs */
  constructor(private readonly intervalMs: number) {
    this.histogram = monitorEventLoopDelay({ resolution: intervalMs });
    this.histogram.enable();
  }

  /** For how long it has been watching, in milliseconds. */
  get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  /** The share of the time in which the loop was not idle, from 0 to 1. */
  get utilization(): number {
    const { utilization } = performance.eventLoopUtilization(this.start);
    return Number.isFinite(utilization) ? utilization : 0;
  }

  get delays(): EventLoopDelays {
    const { count, mean, max } = this.histogram;
    return {
      samples: count,
      mean: this.delay(mean),
      max: this.delay(max),
      percentile: (percent) => this.delay(this.histogram.percentile(percent)),
    };
  }

  stop(): void {
    this.histogram.disable();
  }

  /** Without a sample, Node's mean is not a number. */
  private delay(nanos: number): number {
    return Math.max(0, nanos / 1e6 - this.intervalMs) || 0;
  }
}

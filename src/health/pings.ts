import { AsyncLocalStorage } from "node:async_hooks";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { reportFault } from "../call/fault.js";
import { runIn } from "../call/implicit.js";
import { logger } from "../log/index.js";
import type { ResolvedCheckerOptions } from "./checker-options.js";
import type { DependencyState } from "./dependency-state.js";

/** Runs the pings of all dependencies: one run at a time, shared by all who ask for it. */
export class Pings {
  /** Whether a run has ended: before that, nothing is known. */
  everRan: boolean;
  private running: Promise<void> | undefined;
  private endedAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly snapshot = AsyncLocalStorage.snapshot();

  /** @param changed - is called when a dependency went down or came up, and when the first run has ended */
  constructor(
    private readonly dependencies: readonly DependencyState[],
    private readonly options: ResolvedCheckerOptions,
    private readonly changed: () => void,
  ) {
    this.everRan = dependencies.length === 0;
  }

  /** A promise of new enough results; undefined when they are there already. It never rejects. */
  fresh(): Promise<void> | undefined {
    if (this.dependencies.length === 0) return undefined;
    return performance.now() - this.endedAt < this.options.cacheMs ? undefined : this.run();
  }

  /** Runs at once, unless there are new results, and then each `intervalMs` as long as that is wanted. */
  repeatWhile(wanted: () => boolean): void {
    if (this.timer !== undefined) return;
    const tick = (): void => {
      if (wanted()) void this.run();
      else this.stop();
    };
    this.timer = this.outside(() => setInterval(tick, this.options.intervalMs));
    this.timer.unref();
    void this.fresh();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private run(): Promise<void> {
    this.running ??= this.outside(() => this.pingAll());
    return this.running;
  }

  private async pingAll(): Promise<void> {
    await Promise.all(this.dependencies.map((dependency) => this.ping(dependency)));
    this.running = undefined;
    this.endedAt = performance.now();
    if (this.everRan) return;
    this.everRan = true;
    this.changed();
  }

  private async ping(dependency: DependencyState): Promise<void> {
    const isFirst = !this.everRan;
    if (!(await dependency.ping())) return;
    if (!isFirst || !dependency.up) this.log(dependency);
    this.changed();
  }

  private log({ up, report: { name, latencyMs, error } }: DependencyState): void {
    const log = this.options.logger ?? logger(ROOT_CONTEXT);
    const fields = { dependency: name, latency_ms: Math.round(latencyMs * 1000) / 1000 };
    try {
      if (up) log.info("dependency is up", fields);
      else log.warn("dependency is down", { ...fields, error });
    } catch (thrown) {
      reportFault(log, "the logger of a checker", thrown);
    }
  }

  /** A run belongs to no call, though one may have asked for it: it would hold on to that call, and write to its log. */
  private outside<T>(fn: () => T): T {
    return this.snapshot(() => runIn(ROOT_CONTEXT, fn, undefined));
  }
}

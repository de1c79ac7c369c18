import { AsyncLocalStorage } from "node:async_hooks";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { reportFault } from "../call/fault.js";
import { runIn } from "../call/implicit.js";
import { roundedMs } from "../call/rounded-ms.js";
import { logger } from "../log/index.js";
import type { ResolvedCheckerOptions } from "./checker-options.js";
import type { DependencyState } from "./dependency-state.js";

/** Pings dependencies: each of them once at a time, shared by all who ask for it. */
export class Pings {
  private readonly running = new Map<DependencyState, Promise<void>>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly snapshot = AsyncLocalStorage.snapshot();

  /** @param changed - is called when a dependency went down or came up, the first time included */
  constructor(
    private readonly dependencies: readonly DependencyState[],
    private readonly options: ResolvedCheckerOptions,
    private readonly changed: () => void,
  ) {}

  /** A promise of new enough results; undefined when they are there already. It never rejects. */
  fresh(dependencies: readonly DependencyState[]): Promise<unknown> | undefined {
    const stale = dependencies.filter(({ isFresh }) => !isFresh);
    return stale.length === 0 ? undefined : this.pingAll(stale);
  }

  /** Pings all at once, but those with new results, and then each `intervalMs` as long as that is wanted. */
  repeatWhile(wanted: () => boolean): void {
    if (this.timer !== undefined) return;
    const tick = (): void => {
      if (wanted()) void this.pingAll(this.dependencies);
      else this.stop();
    };
    this.timer = this.outside(() => setInterval(tick, this.options.intervalMs));
    this.timer.unref();
    void this.fresh(this.dependencies);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private pingAll(dependencies: readonly DependencyState[]): Promise<unknown> {
    return Promise.all(dependencies.map((dependency) => this.shared(dependency)));
  }

  private shared(dependency: DependencyState): Promise<void> {
    const ping = this.running.get(dependency) ?? this.outside(() => this.ping(dependency));
    this.running.set(dependency, ping);
    return ping;
  }

  private async ping(dependency: DependencyState): Promise<void> {
    const isFirst = dependency.up === undefined;
    const isOther = await dependency.ping();
    this.running.delete(dependency);
    if (!isOther) return;
    if (!isFirst || !dependency.up) this.log(dependency);
    this.changed();
  }

  private log({ report: { name, up, latencyMs, error } }: DependencyState): void {
    const log = this.options.logger ?? logger(ROOT_CONTEXT);
    const fields = { dependency: name, latency_ms: roundedMs(latencyMs) };
    try {
      if (up) log.info("dependency is up", fields);
      else log.warn("dependency is down", { ...fields, error });
    } catch (thrown) {
      reportFault(log, "the logger of a checker", thrown);
    }
  }

  /** A ping belongs to no call, though one may have asked for it: it would hold on to that call, and write to its log. */
  private outside<T>(fn: () => T): T {
    return this.snapshot(() => runIn(ROOT_CONTEXT, fn, undefined));
  }
}

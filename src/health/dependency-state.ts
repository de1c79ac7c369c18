import { isError } from "../call/cut.js";
import { runIn } from "../call/implicit.js";
import type { ResolvedCheckerOptions } from "./checker-options.js";
import { within } from "./deadline.js";
import { PingSpan } from "./ping-span.js";
import { liveness, whole } from "./service-names.js";
import { SettlingPing } from "./settling-ping.js";
import type { Dependency, DependencyReport } from "./types.js";

/** What is known of one dependency, and how it is found out. */
export class DependencyState {
  readonly name: string;
  readonly critical: boolean;
  readonly services: readonly string[] | undefined;
  private readonly settling: SettlingPing;
  private state: boolean | undefined;
  /** How many pings in a row have said the opposite of `state`. */
  private streak = 0;
  private latencyMs = 0;
  private error: Error | undefined;
  private endedAt = Number.NEGATIVE_INFINITY;

  constructor(
    dependency: Dependency,
    private readonly options: ResolvedCheckerOptions,
  ) {
    this.name = dependency.name;
    this.critical = dependency.critical !== false;
    this.services = dependency.services && [...dependency.services];
    this.settling = new SettlingPing(dependency);
  }

  /** Whether it counts as up; undefined before the first ping has ended. */
  get up(): boolean | undefined {
    return this.state;
  }

  /** Whether the newest ping ended less than `cacheMs` ago. */
  get isFresh(): boolean {
    return performance.now() - this.endedAt < this.options.cacheMs;
  }

  get report(): DependencyReport {
    const { name, state: up = false, critical, latencyMs, error } = this;
    return { name, up, critical, latencyMs, error };
  }

  /** Whether a service can't do without it. */
  matters(key: string): boolean {
    if (key === liveness) return false;
    if (key === whole || this.services === undefined) return this.critical;
    return this.services.includes(key);
  }

  /** Pings once, for at most `timeoutMs`. Never rejects. Whether it is another state from now on. */
  async ping(): Promise<boolean> {
    const start = performance.now();
    const span = new PingSpan(this.options.tracer(), this.name);
    this.error = await failureOf(() => this.ask(span));
    this.endedAt = performance.now();
    this.latencyMs = this.endedAt - start;
    span.end(this.error);
    return this.damp(this.error === undefined);
  }

  private async ask(span: PingSpan): Promise<void> {
    const start = (signal: AbortSignal) => runIn(span.ctx, this.settling.start, signal);
    const answer = await within(this.options.timeoutMs, start);
    if (answer === false) throw new Error("the ping answered false");
  }

  private damp(healthy: boolean): boolean {
    if (healthy === this.state) {
      this.streak = 0;
      return false;
    }
    this.streak++;
    if (this.state !== undefined && this.streak < this.threshold(healthy)) return false;
    this.state = healthy;
    this.streak = 0;
    return true;
  }

  private threshold(healthy: boolean): number {
    return healthy ? this.options.successThreshold : this.options.failureThreshold;
  }
}

async function failureOf(work: () => Promise<void>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return isError(error) ? error : new Error("the ping failed", { cause: error });
  }
}

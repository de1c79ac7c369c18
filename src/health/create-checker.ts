import { checkMethods } from "../call/check.js";
import { inTime } from "../call/in-time.js";
import { checkKnown } from "../call/options.js";
import {
  type CheckerOptions,
  type ResolvedCheckerOptions,
  resolveCheckerOptions,
} from "./checker-options.js";
import { orAborted } from "./deadline.js";
import { DependencyState } from "./dependency-state.js";
import { Pings } from "./pings.js";
import { checkService, keyOf, keysOf, whole } from "./service-names.js";
import { ServiceStatuses } from "./service-statuses.js";
import type { Checker, CheckOptions, HealthReport, ServingStatus } from "./types.js";
import { Watch } from "./watch.js";
import { Watchers } from "./watchers.js";

/**
 * Makes a checker: it knows whether the server, and each of its services, takes calls. It pings its dependencies when it
 * is asked, and while someone watches.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const checker = createChecker({ dependencies: [{ name: "postgres", ping: () => pool.query("select 1") }] });
 */
export function createChecker(options: CheckerOptions = {}): Checker {
  return new PingingChecker(resolveCheckerOptions(options));
}

class PingingChecker implements Checker {
  private readonly madeAt = performance.now();
  private readonly dependencies: readonly DependencyState[];
  private readonly pings: Pings;
  private readonly services: ServiceStatuses;
  private readonly watchers = new Watchers((key) => this.services.settled(key));

  constructor(private readonly options: ResolvedCheckerOptions) {
    const changed = (key?: string): void => this.watchers.changed(key);
    this.dependencies = options.dependencies.map((dependency) => new DependencyState(dependency, options));
    this.pings = new Pings(this.dependencies, options, changed);
    this.services = new ServiceStatuses(this.dependencies, changed);
  }

  async check(options: CheckOptions = {}): Promise<HealthReport> {
    const { keys, signal } = resolveCheckOptions(options);
    signal?.throwIfAborted();
    const answers = this.answers(keys);
    await (signal === undefined ? answers : orAborted(answers, signal));
    return this.report();
  }

  status(service: string): ServingStatus | undefined {
    return this.services.of(keyOf(service));
  }

  statuses(): ReadonlyMap<string, ServingStatus> {
    return this.services.all();
  }

  watch(service: string, signal: AbortSignal): AsyncIterable<ServingStatus | undefined> {
    checkService("watch: service", service);
    return new Watch({
      key: keyOf(service),
      signal,
      watchers: this.watchers,
      read: (key) => this.services.settled(key),
      onWait: (key) => {
        if (this.needsPings(key)) this.pings.repeatWhile(this.wanted);
      },
      onLeave: () => {
        if (!this.wanted()) this.pings.stop();
      },
    });
  }

  set(service: string, status: ServingStatus): void {
    this.services.set(service, status);
  }

  register(services: Iterable<string>): void {
    this.services.register(services);
  }

  shutdown(): void {
    this.services.shutdown();
  }

  resume(): void {
    this.services.resume();
  }

  report(): HealthReport {
    return {
      ready: this.status(whole) === "SERVING",
      uptime: Math.floor((performance.now() - this.madeAt) / 1000),
      version: this.options.version,
      dependencies: this.dependencies.filter(({ up }) => up !== undefined).map(({ report }) => report),
    };
  }

  /** Who asks for the whole is told of every dependency, and waits a moment for those that do not matter. */
  private async answers(keys: readonly string[]): Promise<void> {
    const all = keys.includes(whole) ? this.pings.fresh(this.dependencies) : undefined;
    await this.pings.fresh([...new Set(keys.flatMap((key) => this.services.needs(key)))]);
    if (all !== undefined) await inTime(othersMs, all);
  }

  /** Whether someone waits for what pings may change. */
  private readonly wanted = (): boolean => this.watchers.some((key) => this.needsPings(key));

  private needsPings(key: string): boolean {
    return this.services.needs(key).length > 0;
  }
}

function resolveCheckOptions(options: CheckOptions) {
  checkKnown("check", options, ["services", "signal"]);
  const { services = [whole], signal } = options;
  checkMethods("check: signal", signal, ["throwIfAborted", "addEventListener"]);
  return { keys: keysOf("check: services", services), signal };
}

/** How long a check waits for dependencies that nobody needs, when all others have answered, in milliseconds. */
const othersMs = 250;

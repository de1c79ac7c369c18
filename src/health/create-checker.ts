import {
  type CheckerOptions,
  type ResolvedCheckerOptions,
  resolveCheckerOptions,
} from "./checker-options.js";
import { orAborted } from "./deadline.js";
import { DependencyState } from "./dependency-state.js";
import { Pings } from "./pings.js";
import { keyOf, whole } from "./service-names.js";
import { ServiceStatuses } from "./service-statuses.js";
import type { Checker, HealthReport, ServingStatus } from "./types.js";
import { notYet, Watch } from "./watch.js";
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
  private readonly watchers = new Watchers<Reading>((key) => this.read(key));

  constructor(private readonly options: ResolvedCheckerOptions) {
    const changed = (key?: string): void => this.watchers.changed(key);
    this.dependencies = options.dependencies.map((dependency) => new DependencyState(dependency, options));
    this.pings = new Pings(this.dependencies, options, changed);
    this.services = new ServiceStatuses(this.dependencies, changed);
  }

  async check(signal?: AbortSignal): Promise<HealthReport> {
    signal?.throwIfAborted();
    const run = this.pings.fresh();
    if (run !== undefined) await (signal === undefined ? run : orAborted(run, signal));
    return this.report();
  }

  status(service: string): ServingStatus | undefined {
    return this.services.of(keyOf(service));
  }

  statuses(): ReadonlyMap<string, ServingStatus> {
    return this.services.all();
  }

  watch(service: string, signal: AbortSignal): AsyncIterable<ServingStatus | undefined> {
    return new Watch({
      key: keyOf(service),
      signal,
      watchers: this.watchers,
      read: (key) => this.read(key),
      onWait: (key) => {
        if (this.services.dependsOn(key)) this.pings.repeatWhile(this.wanted);
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
      dependencies: this.dependencies.map(({ report }) => report),
    };
  }

  /** What a watcher reads: before the first run has ended, nothing that a dependency could still change. */
  private read(key: string): Reading {
    const isOpen = !this.pings.everRan && !this.services.isShutDown && this.services.dependsOn(key);
    return isOpen ? notYet : this.services.of(key);
  }

  /** Whether someone waits for what pings may change. */
  private readonly wanted = (): boolean => this.watchers.some((key) => this.services.dependsOn(key));
}

type Reading = ServingStatus | undefined | typeof notYet;

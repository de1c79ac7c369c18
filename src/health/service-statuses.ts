import { unexpected } from "../call/options.js";
import type { DependencyState } from "./dependency-state.js";
import { checkService, keyOf, keysOf, liveness, readiness, whole } from "./service-names.js";
import type { ServingStatus } from "./types.js";
import { notYet } from "./watch.js";

/** The statuses of all services that are known: what was set, what dependencies say, and whether the server ends. */
export class ServiceStatuses {
  private readonly own = new Map<string, ServingStatus>([
    [whole, "SERVING"],
    [liveness, "SERVING"],
  ]);
  private down = false;

  /** @param changed - is called with the key of the service that may have another status now; without one for all */
  constructor(
    private readonly dependencies: readonly DependencyState[],
    private readonly changed: (key?: string) => void,
  ) {
    for (const { services = [] } of dependencies) for (const service of services) this.add(service);
  }

  /** @param key - of `keyOf` */
  of(key: string): ServingStatus | undefined {
    const own = this.own.get(key);
    return own && this.known(key, own);
  }

  /** The status, but `notYet` where the first ping of a dependency still decides. */
  settled(key: string): ServingStatus | undefined | typeof notYet {
    const own = this.own.get(key);
    return own && this.worst(key, own);
  }

  /** The statuses by all names that they have. */
  all(): ReadonlyMap<string, ServingStatus> {
    const all = new Map<string, ServingStatus>();
    for (const [key, own] of this.own) {
      const status = this.known(key, own);
      all.set(key, status);
      if (key === whole) all.set(readiness, status);
    }
    return all;
  }

  /** The dependencies that a service can't do without; none where it is not known. */
  needs(key: string): readonly DependencyState[] {
    return this.own.has(key) ? this.dependencies.filter((dependency) => dependency.matters(key)) : [];
  }

  set(service: string, status: ServingStatus): void {
    checkService("set: service", service);
    if (!choices.includes(status)) throw unexpected("set: status", choices.join(", "), status);
    if (this.down) return;
    const key = keyOf(service);
    this.own.set(key, status);
    this.changed(key);
  }

  register(services: Iterable<string>): void {
    for (const key of keysOf("register: services", services)) if (this.add(key)) this.changed(key);
  }

  shutdown(): void {
    this.down = true;
    this.changed();
  }

  resume(): void {
    this.down = false;
    for (const key of this.own.keys()) this.own.set(key, "SERVING");
    this.changed();
  }

  private add(key: string): boolean {
    if (this.own.has(key)) return false;
    this.own.set(key, "SERVING");
    return true;
  }

  private known(key: string, own: ServingStatus): ServingStatus {
    const worst = this.worst(key, own);
    return worst === notYet ? "NOT_SERVING" : worst;
  }

  private worst(key: string, own: ServingStatus): ServingStatus | typeof notYet {
    if (key === liveness) return own;
    const needs = this.needs(key);
    if (this.down || own === "NOT_SERVING" || needs.some(({ up }) => up === false)) return "NOT_SERVING";
    return needs.every(({ up }) => up) ? own : notYet;
  }
}

const choices: readonly ServingStatus[] = ["UNKNOWN", "SERVING", "NOT_SERVING"];

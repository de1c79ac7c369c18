import { unexpected } from "../call/options.js";
import type { DependencyState } from "./dependency-state.js";
import { keyOf, liveness, readiness, whole } from "./service-names.js";
import type { ServingStatus } from "./types.js";

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

  get isShutDown(): boolean {
    return this.down;
  }

  /** @param key - of `keyOf` */
  of(key: string): ServingStatus | undefined {
    const own = this.own.get(key);
    return own === undefined ? undefined : this.worst(key, own);
  }

  /** The statuses by all names that they have. */
  all(): ReadonlyMap<string, ServingStatus> {
    const all = new Map<string, ServingStatus>();
    for (const [key, own] of this.own) {
      all.set(key, this.worst(key, own));
      if (key === whole) all.set(readiness, this.worst(key, own));
    }
    return all;
  }

  /** Whether a ping can change the status. */
  dependsOn(key: string): boolean {
    return this.own.has(key) && this.dependencies.some((dependency) => dependency.matters(key));
  }

  set(service: string, status: ServingStatus): void {
    if (typeof service !== "string") throw unexpected("set: service", "the full name of a service", service);
    if (!choices.includes(status)) throw unexpected("set: status", choices.join(", "), status);
    if (this.down) return;
    const key = keyOf(service);
    this.own.set(key, status);
    this.changed(key);
  }

  register(services: Iterable<string>): void {
    if (typeof services === "string") throw unexpected("register: services", "names of services", services);
    for (const service of services) if (this.add(service)) this.changed(service);
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

  private add(service: string): boolean {
    const key = keyOf(service);
    if (this.own.has(key)) return false;
    this.own.set(key, "SERVING");
    return true;
  }

  private worst(key: string, own: ServingStatus): ServingStatus {
    if (key === liveness) return own;
    const isFailing = this.dependencies.some((dependency) => !dependency.up && dependency.matters(key));
    return this.down || isFailing ? "NOT_SERVING" : own;
  }
}

const choices: readonly ServingStatus[] = ["UNKNOWN", "SERVING", "NOT_SERVING"];

/** What a server needs to do its work: a database, a queue, another service. */
export interface Dependency {
  /** Names it in answers, log lines and spans: `postgres`. Unique in its checker. */
  readonly name: string;
  /**
   * Finds out whether it can be used. It throws or rejects, or answers `false`, when not; any other answer is fine.
   *
   * @param signal - aborts when nobody waits for the answer any more. A ping that does not listen to it holds up nothing
   */
  ping(signal: AbortSignal): unknown;
  /**
   * The services that can't do without it, by full name: `["chat.v1.ChatService"]`. They are NOT_SERVING while it is
   * down. Default: all when it is critical, and none when it is not.
   */
  readonly services?: readonly string[];
  /** Whether the server as a whole can't do without it. With `false` it is reported and readiness stays. Default true. */
  readonly critical?: boolean;
}

/** The status of a service, as `grpc.health.v1` names it. */
export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING";

/** What pings have found. */
export interface HealthReport {
  /** Whether the server as a whole takes calls: no critical dependency is down, nothing is set otherwise, no drain. */
  readonly ready: boolean;
  /** Seconds since the checker was made, rounded down. */
  readonly uptime: number;
  /** The `version` option. */
  readonly version: string;
  /** In the order of the `dependencies` option. One whose first ping has not ended is left out: nothing is known of it. */
  readonly dependencies: readonly DependencyReport[];
}

/** What is known of one dependency. */
export interface DependencyReport {
  readonly name: string;
  /** Whether it counts as up: after damping, so the newest ping may have said otherwise. */
  readonly up: boolean;
  readonly critical: boolean;
  /** How long the newest ping took, in milliseconds. */
  readonly latencyMs: number;
  /** Why the newest ping failed; undefined when it did not. For the log: strangers are not told. */
  readonly error: unknown;
}

/** What a check is to find out. */
export interface CheckOptions {
  /** The services to ask for, by full name. Default: the server as a whole. */
  readonly services?: Iterable<string>;
  /** Stops the waiting; the pings go on for others. */
  readonly signal?: AbortSignal;
}

/** Knows whether the server, and each of its services, takes calls. */
export interface Checker {
  /**
   * Pings what the services need, and waits for that. Asked for the server as a whole it pings all dependencies, and waits
   * for those that are critical, and a quarter of a second at most for the others, of which the report has what is known by
   * then. A ping that is on is shared, and a result that is younger than `cacheMs` is taken.
   *
   * @throws TypeError for a bad option, and the signal's reason. What pings throw is in the report
   */
  check(options?: CheckOptions): Promise<HealthReport>;
  /** What is known now, without a ping. */
  report(): HealthReport;
  /**
   * The status as it is known now, without a ping; `undefined` for a service that is not known. The empty name and
   * `readiness` are the server as a whole, `liveness` is the process.
   */
  status(service: string): ServingStatus | undefined;
  /** The statuses of all services that are known, `""`, `liveness` and `readiness` among them. */
  statuses(): ReadonlyMap<string, ServingStatus>;
  /**
   * The status of a service now, and again each time that it is another; `undefined` while the service is not known.
   * A reader that is slow gets the newest one only. While someone watches, dependencies are pinged each `intervalMs`.
   *
   * @param signal - ends it: `next()` then rejects with the signal's reason
   */
  watch(service: string, signal: AbortSignal): AsyncIterable<ServingStatus | undefined>;
  /**
   * Says what the server itself knows of a service, which is known from then on. Whichever is worse counts: this, or what
   * its dependencies say. Ignored after `shutdown()`.
   *
   * @param service - full name, or empty for the server as a whole
   */
  set(service: string, status: ServingStatus): void;
  /** Makes services known, whose status is then what their dependencies say. `healthRoutes` does it for those on its router. */
  register(services: Iterable<string>): void;
  /** Every service but `liveness` is NOT_SERVING from now on, and whoever watches is told. For the end of the server. */
  shutdown(): void;
  /** Takes `shutdown()` back: every service is SERVING again, as far as its dependencies are up. */
  resume(): void;
}

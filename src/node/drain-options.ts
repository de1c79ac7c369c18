import { ROOT_CONTEXT } from "@opentelemetry/api";
import { check, checkFunction, checkMethods, checkMs, needMethods } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { type Logger, logger as rootLogger } from "../log/index.js";
import { DrainLog } from "./drain-log.js";
import type { NodeServer } from "./node-server.js";

/** Options of `drain`. */
export interface DrainOptions {
  /** What is stopped. */
  readonly server: NodeServer;
  /**
   * Gives calls in flight their notice: it is aborted with `unavailable`. Its signal is the `shutdownSignal` of the
   * Connect adapter. Without it, calls end by themselves or are cut off.
   */
  readonly shutdown?: AbortController | undefined;
  /** Turns NOT_SERVING first. `createChecker` makes one. */
  readonly checker?: { shutdown(): void } | undefined;
  /** Is shut down last. `configureOpenTelemetry` returns it. */
  readonly telemetry?: { shutdown(): Promise<unknown> } | undefined;
  /** Called when the last call has ended, before telemetry is shut down: to close databases and the like. */
  readonly onDrained?: () => unknown;
  /** Tells how it goes. Default: the root logger. */
  readonly logger?: Logger;
  /** How long new calls are still taken after readiness has turned, so that load balancers see it, in milliseconds. Default 0. */
  readonly closeAfterMs?: number;
  /** How long calls may go on as if nothing was, counted from the GOAWAY, in milliseconds. Default 1000. */
  readonly noticeAfterMs?: number;
  /** How long all calls have to end, counted from the GOAWAY, in milliseconds. Default 10000. */
  readonly graceMs?: number;
  /** How long `onDrained`, and then the shutdown of telemetry, may take, in milliseconds each. Default 5000. */
  readonly flushMs?: number;
}

/** The options with their defaults. */
export type ResolvedDrain = Omit<DrainOptions, "logger"> &
  Required<Pick<DrainOptions, "closeAfterMs" | "noticeAfterMs" | "graceMs" | "flushMs">> & {
    readonly logger: DrainLog;
  };

/**
 * Checks the options, and adds the defaults.
 *
 * @param where - names the function in the errors
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function resolveDrain(where: string, options: DrainOptions): ResolvedDrain {
  checkKnown(where, options, drainOptionNames);
  needMethods(`${where}: server`, options.server, ["close", "destroy"]);
  check(
    `${where}: shutdown`,
    options.shutdown,
    "an AbortController",
    (value) => value instanceof AbortController,
  );
  checkMethods(`${where}: checker`, options.checker, ["shutdown"]);
  checkMethods(`${where}: telemetry`, options.telemetry, ["shutdown"]);
  checkFunction(`${where}: onDrained`, options.onDrained);
  checkMethods(`${where}: logger`, options.logger, ["print", "warn", "error", "flush"]);
  for (const name of ["closeAfterMs", "noticeAfterMs", "graceMs", "flushMs"] as const) {
    checkMs(`${where}: ${name}`, options[name], 0);
  }
  const { logger = rootLogger(ROOT_CONTEXT), closeAfterMs = 0, noticeAfterMs = 1000 } = options;
  const { graceMs = 10_000, flushMs = 5000 } = options;
  return { ...options, logger: new DrainLog(logger), closeAfterMs, noticeAfterMs, graceMs, flushMs };
}

/** The names of all options. */
export const drainOptionNames: readonly string[] = [
  "server",
  "shutdown",
  "checker",
  "telemetry",
  "onDrained",
  "logger",
  "closeAfterMs",
  "noticeAfterMs",
  "graceMs",
  "flushMs",
] satisfies readonly (keyof DrainOptions)[];

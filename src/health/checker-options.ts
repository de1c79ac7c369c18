import type { Tracer, TracerProvider } from "@opentelemetry/api";
import { check, checkMethods, checkMs } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { tracerSource } from "../call/tracer.js";
import type { Logger } from "../log/index.js";
import { checkDependencies } from "./check-dependency.js";
import type { Dependency } from "./types.js";

/** Options of {@link createChecker}. */
export interface CheckerOptions {
  /** The version of the server, as answers over HTTP tell it. Default: empty. */
  readonly version?: string;
  /** What the server needs to do its work. Default: nothing. */
  readonly dependencies?: readonly Dependency[];
  /** How long a ping may take, in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
  /** How old results may be for a check to take them, in milliseconds since the end of the ping. Default 1000; 0: never. */
  readonly cacheMs?: number;
  /** How often dependencies are pinged while someone watches, in milliseconds. Default 5000. */
  readonly intervalMs?: number;
  /** How many pings in a row have to fail before a dependency that is up counts as down. Default 1. */
  readonly failureThreshold?: number;
  /** How many pings in a row have to succeed before a dependency that is down counts as up. Default 1. */
  readonly successThreshold?: number;
  /** Is told when a dependency goes down or comes back. Default: the root logger as it is then. */
  readonly logger?: Logger;
  /** Makes the spans of pings. Default: the global one. */
  readonly tracerProvider?: TracerProvider;
}

/** A checker's options, checked and complete. */
export interface ResolvedCheckerOptions {
  readonly version: string;
  readonly dependencies: readonly Dependency[];
  readonly timeoutMs: number;
  readonly cacheMs: number;
  readonly intervalMs: number;
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly logger: Logger | undefined;
  readonly tracer: () => Tracer;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function resolveCheckerOptions(options: CheckerOptions): ResolvedCheckerOptions {
  checkKnown("createChecker", options, optionNames);
  const { version, dependencies = [], timeoutMs, cacheMs, intervalMs, logger, tracerProvider } = options;
  check("createChecker: version", version, "a text", (text) => typeof text === "string");
  checkMs("createChecker: timeoutMs", timeoutMs);
  checkMs("createChecker: cacheMs", cacheMs, 0);
  checkMs("createChecker: intervalMs", intervalMs);
  checkCount("failureThreshold", options.failureThreshold);
  checkCount("successThreshold", options.successThreshold);
  checkMethods("createChecker: logger", logger, ["info", "warn"]);
  checkMethods("createChecker: tracerProvider", tracerProvider, ["getTracer"]);
  checkDependencies("createChecker: dependencies", dependencies);
  return {
    version: version ?? "",
    dependencies: [...dependencies],
    timeoutMs: timeoutMs ?? 5000,
    cacheMs: cacheMs ?? 1000,
    intervalMs: intervalMs ?? 5000,
    failureThreshold: options.failureThreshold ?? 1,
    successThreshold: options.successThreshold ?? 1,
    logger,
    tracer: tracerSource(tracerProvider),
  };
}

const optionNames: readonly (keyof CheckerOptions)[] = [
  "version",
  "dependencies",
  "timeoutMs",
  "cacheMs",
  "intervalMs",
  "failureThreshold",
  "successThreshold",
  "logger",
  "tracerProvider",
];

function checkCount(option: string, value: number | undefined): void {
  check(
    `createChecker: ${option}`,
    value,
    "a number of pings, 1 or more",
    (count) => Number.isInteger(count) && count >= 1,
  );
}

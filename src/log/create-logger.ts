import { ROOT_CONTEXT } from "@opentelemetry/api";
import { shared } from "../call/shared.js";
import { type CoreOptions, LoggerCore } from "./core.js";
import { fallbackOptions } from "./default-options.js";
import { recordCrashes } from "./flight-recorder.js";
import { BoundLogger, type RootLogger } from "./logger.js";
import { type LoggerOptions, resolveLoggerOptions } from "./options.js";

/**
 * Makes a logger. The first one made, or the one made with `default: true`, is the root logger: what `logger()`
 * returns outside of calls, and what interceptors use that are given none. One made with `default: false` never is.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const log = createLogger({ format: "json" });
 * log.print("listening", { port: 8080 });
 */
export function createLogger(options: LoggerOptions = {}): RootLogger {
  const logger = make(resolveLoggerOptions(options));
  if (options.default ?? roots.made === undefined) roots.made = logger;
  return logger;
}

/** The root logger. Where none was made, one with the default options: a line is never lost for want of a logger. */
export function rootLogger(): BoundLogger {
  if (roots.made !== undefined) return roots.made;
  roots.fallback ??= make(fallbackOptions());
  return roots.fallback;
}

/** All loggers that were made in this process. */
export const loggers: Set<BoundLogger> = shared("loggers", () => new Set());

const roots = shared("root loggers", () => ({
  made: undefined as BoundLogger | undefined,
  fallback: undefined as BoundLogger | undefined,
  /** Of the copies of the kit in a process, the first one that runs on Node's platform does it for all. */
  areCrashesRecorded: false,
}));

function make(options: CoreOptions): BoundLogger {
  const logger = new BoundLogger(new LoggerCore(options), undefined, ROOT_CONTEXT, undefined);
  if (!roots.areCrashesRecorded) roots.areCrashesRecorded = recordCrashes(loggers, rootLogger);
  loggers.add(logger);
  return logger;
}

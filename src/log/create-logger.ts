import { ROOT_CONTEXT } from "@opentelemetry/api";
import { LoggerCore } from "./core.js";
import { recordCrashes } from "./flight-recorder.js";
import { BoundLogger, type RootLogger } from "./logger.js";
import type { LoggerOptions } from "./options.js";

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
  const logger = make(options);
  if (options.default ?? root === undefined) root = logger;
  return logger;
}

/** The root logger. Where none was made, one with the default options: a line is never lost for want of a logger. */
export function rootLogger(): BoundLogger {
  if (root !== undefined) return root;
  fallback ??= make({});
  return fallback;
}

/** All loggers that were made in this process. */
export const loggers: Set<BoundLogger> = new Set();

let root: BoundLogger | undefined;
let fallback: BoundLogger | undefined;

function make(options: LoggerOptions): BoundLogger {
  const logger = new BoundLogger(new LoggerCore(options), undefined, ROOT_CONTEXT, undefined);
  if (loggers.size === 0) recordCrashes(loggers, rootLogger);
  loggers.add(logger);
  return logger;
}

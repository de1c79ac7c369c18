import { guarded, ignorePromise } from "../call/fault.js";
import { checkKnown, describe, isHeaderName } from "../call/options.js";
import type { CallInfo, Outcome } from "../call/types.js";
import { newRequestId, type RequestIdOptions, type ResolvedRequestIdOptions } from "./request-id.js";
import type { Fields, Severity } from "./types.js";

/** A start or end line of a call, before it is logged. */
export interface AccessLine {
  readonly phase: "start" | "end";
  readonly severity: Severity;
  readonly message: string;
  readonly fields: Fields;
}

/** The `log` options of the interceptors. */
export interface LogOptions {
  /**
   * The start and end lines of calls. `buffered`: like all other lines, so that success leaves none. `always`: written
   * at once for every call. `off`: none, not even the end line of a failure. Default `buffered`.
   */
  readonly access?: "buffered" | "always" | "off";
  /** Changes a start or end line, or leaves it out by returning undefined. */
  readonly accessLog?: (
    line: AccessLine,
    call: CallInfo,
    outcome: Outcome | undefined,
  ) => AccessLine | undefined;
  /** Which outcomes are failures, and so write the story. Default: all but `ok` and, on clients, their own `canceled`. */
  readonly isError?: (outcome: Outcome, call: CallInfo) => boolean;
  /** Where the request id comes from; false for none. */
  readonly requestId?: false | RequestIdOptions;
}

/** Options, checked and complete. */
export interface CallLogOptions {
  readonly access: "buffered" | "always" | "off";
  readonly accessLog: NonNullable<LogOptions["accessLog"]>;
  readonly isError: NonNullable<LogOptions["isError"]>;
  readonly requestId: false | ResolvedRequestIdOptions;
}

/**
 * Checks options and fills in the defaults. What the caller's functions throw is reported, and the default used.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function resolveCallLogOptions(options: LogOptions): CallLogOptions {
  checkKnown("log", options, ["access", "accessLog", "isError", "requestId"]);
  const { access = "buffered", accessLog, isError, requestId = {} } = options;
  if (access !== "buffered" && access !== "always" && access !== "off") {
    throw new TypeError(`log.access: expected "buffered", "always" or "off", got ${describe(access)}`);
  }
  return {
    access,
    accessLog: checkedAccessLog(accessLog),
    isError: orDefault("log.isError", isError, isFailure),
    requestId: requestId === false ? false : resolveRequestId(requestId),
  };
}

/** The default of `isError`. A client that cancels its own call wanted just that. */
function isFailure(outcome: Outcome, call: CallInfo): boolean {
  return outcome.type !== "ok" && !(outcome.type === "canceled" && call.side === "client");
}

function resolveRequestId(options: RequestIdOptions): ResolvedRequestIdOptions {
  checkKnown("log.requestId", options, ["header", "generate", "propagate"]);
  const { header = "x-request-id", generate, propagate = false } = options;
  if (!isHeaderName(header)) {
    throw new TypeError(`log.requestId.header: expected the name of a header, got ${describe(header)}`);
  }
  if (typeof propagate !== "boolean") {
    throw new TypeError(`log.requestId.propagate: expected true or false, got ${describe(propagate)}`);
  }
  return { header, generate: orDefault("log.requestId.generate", generate, newRequestId), propagate };
}

function orDefault<A extends unknown[], R>(
  option: string,
  fn: ((...args: A) => R) | undefined,
  fallback: (...args: A) => R,
): (...args: A) => R {
  if (fn === undefined) return fallback;
  if (typeof fn !== "function") throw new TypeError(`${option}: expected a function, got ${describe(fn)}`);
  return guarded(fn, `the ${option} function`, fallback);
}

/** What is no line must not cost the line that it stands for, nor the story behind it. */
function checkedAccessLog(accessLog: LogOptions["accessLog"]): CallLogOptions["accessLog"] {
  if (accessLog === undefined) return (line) => line;
  const checked: CallLogOptions["accessLog"] = (...args) => {
    const line = accessLog(...args) ?? undefined;
    if (line === undefined || isAccessLine(line)) return line;
    if (ignorePromise(accessLog, "the log.accessLog function", line))
      throw new TypeError("expected a line, got a promise");
    throw new TypeError("expected a line with a severity, a message and fields, or undefined");
  };
  return orDefault("log.accessLog", typeof accessLog === "function" ? checked : accessLog, (line) => line);
}

function isAccessLine(line: AccessLine): boolean {
  return (
    typeof line.message === "string" &&
    ["debug", "info", "warn", "error"].includes(line.severity) &&
    typeof line.fields === "object" &&
    line.fields !== null
  );
}

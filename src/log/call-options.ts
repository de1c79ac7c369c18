import { aFunction, checkOptions, flag, headerName, oneOf } from "../call/check-options.js";
import { guarded, ignorePromise } from "../call/fault.js";
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
  checkOptions("log", options, {
    access: oneOf("buffered", "always", "off"),
    accessLog: aFunction,
    isError: aFunction,
    requestId: undefined,
  });
  const { access = "buffered", accessLog, isError, requestId = {} } = options;
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
  checkOptions("log.requestId", options, { header: headerName, generate: aFunction, propagate: flag });
  const { header = "x-request-id", generate, propagate = false } = options;
  return { header, generate: orDefault("log.requestId.generate", generate, newRequestId), propagate };
}

function orDefault<A extends unknown[], R>(
  option: string,
  fn: ((...args: A) => R) | undefined,
  fallback: (...args: A) => R,
): (...args: A) => R {
  return fn === undefined ? fallback : guarded(fn, `the ${option} function`, fallback);
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
  return orDefault("log.accessLog", checked, (line) => line);
}

function isAccessLine(line: AccessLine): boolean {
  return (
    typeof line.message === "string" &&
    ["debug", "info", "warn", "error"].includes(line.severity) &&
    typeof line.fields === "object" &&
    line.fields !== null
  );
}

import type { Context } from "@opentelemetry/api";
import type { FileTarget } from "#platform";
import { checkKnown, describe } from "../call/options.js";
import type { CallInfo } from "../call/types.js";
import { defaultKeys, type LogKeys } from "./keys.js";
import type { EntrySink, Fields, LogFormat, Sink } from "./types.js";

/** A format by name, or one's own. */
export type LogFormatOption = "text" | "terminal" | "json" | LogFormat;

/** A sink of text or of entries, or a file descriptor or file to make one of. */
export type SinkOption = Sink | EntrySink | FileTarget;

/** One place where lines go, in its own format. */
export interface LogOutput {
  /** Default: standard output. */
  readonly sink?: SinkOption;
  /** Default: `terminal` where the sink is a terminal, else `text`. A sink that takes entries has none. */
  readonly format?: LogFormatOption;
}

/** Whether debug is on: for everything, for nothing, or for the calls that it names. */
export type DebugOption = boolean | ((call: CallInfo | undefined) => boolean);

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** Format of the one output. Default: `terminal` where the sink is a terminal, else `text`. */
  readonly format?: LogFormatOption;
  /** Where the one output goes. Default: standard output. A stream gets a listener for its `error` events. */
  readonly sink?: SinkOption;
  /** Several outputs, each with its own format; in place of `format` and `sink`. */
  readonly outputs?: readonly LogOutput[];
  /** Debug lines are logged, and calls write all their lines at once. Default false; `setDebug` changes it at run time. */
  readonly debug?: DebugOption;
  /** How many characters of one value are kept. Default 1024. */
  readonly maxSize?: number;
  /** How many lines one call holds back: the last ones. Default 100. */
  readonly maxEntries?: number;
  /** How much memory one call's lines take, roughly, in bytes. Default 256 KiB. */
  readonly maxBytes?: number;
  /** How old a line may be when it is flushed, in milliseconds, for stores that refuse late lines. Default: no limit. */
  readonly maxAgeMs?: number;
  /** How much memory all buffered lines of the process take, in bytes. Default 64 MiB; the smallest that any logger names holds. */
  readonly budgetBytes?: number;
  /** Other keys than the usual ones. */
  readonly keys?: Partial<LogKeys>;
  /** Functions that add fields to every line, from the context that it was logged in. */
  readonly fields?: readonly ((ctx: Context) => Fields | undefined)[];
  /** Adds `file=dir/file.ts:42`. It costs microseconds for every line, written or not. Default false. */
  readonly fileLocation?: boolean;
  /** Whether lines of this context are written at once. Default: its span is sampled. */
  readonly disableBuffering?: (ctx: Context) => boolean;
  /** True makes this the root logger, false keeps it from being that. Default: the first logger that is made is. */
  readonly default?: boolean;
}

/** A logger's options, checked and complete. */
export interface ResolvedLoggerOptions {
  readonly outputs: readonly LogOutput[];
  readonly isDefault: boolean;
  readonly debug: DebugOption;
  readonly maxSize: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly budgetBytes: number | undefined;
  readonly keys: Partial<LogKeys>;
  readonly fields: readonly ((ctx: Context) => Fields | undefined)[];
  readonly fileLocation: boolean;
  readonly disableBuffering: ((ctx: Context) => boolean) | undefined;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function resolveLoggerOptions(options: LoggerOptions): ResolvedLoggerOptions {
  checkKnown("createLogger", options, optionNames);
  const { format, sink, outputs } = options;
  if (outputs !== undefined && (format !== undefined || sink !== undefined)) {
    throw new TypeError("createLogger: outputs stands in place of format and sink; got both");
  }
  return {
    outputs: outputsOf(options),
    isDefault: check("default", options.default ?? false, ["boolean"]),
    debug: check("debug", options.debug ?? false, ["boolean", "function"]),
    maxSize: positive("maxSize", options.maxSize, 1024),
    maxEntries: positive("maxEntries", options.maxEntries, 100),
    maxBytes: positive("maxBytes", options.maxBytes, 256 * 1024),
    maxAgeMs: positive("maxAgeMs", options.maxAgeMs, Number.POSITIVE_INFINITY),
    budgetBytes:
      options.budgetBytes === undefined ? undefined : positive("budgetBytes", options.budgetBytes, 0),
    keys: checkKeys(options.keys ?? {}),
    fields: checkAll("fields", options.fields ?? []),
    fileLocation: check("fileLocation", options.fileLocation ?? false, ["boolean"]),
    disableBuffering:
      options.disableBuffering === undefined
        ? undefined
        : check("disableBuffering", options.disableBuffering, ["function"]),
  };
}

const optionNames: readonly (keyof LoggerOptions)[] = [
  "format",
  "sink",
  "outputs",
  "debug",
  "maxSize",
  "maxEntries",
  "maxBytes",
  "maxAgeMs",
  "budgetBytes",
  "keys",
  "fields",
  "fileLocation",
  "disableBuffering",
  "default",
];

function outputsOf({ format, sink, outputs }: LoggerOptions): readonly LogOutput[] {
  const list = outputs ?? [{ ...(format !== undefined && { format }), ...(sink !== undefined && { sink }) }];
  if (!Array.isArray(list) || list.length === 0) {
    throw new TypeError("createLogger: outputs: expected at least one { sink, format }");
  }
  for (const output of list) {
    checkKnown("createLogger: outputs", output, ["sink", "format"]);
    checkFormat(output.format);
    checkSink(output.sink);
    checkNeedsFormat(output);
  }
  return list;
}

function checkFormat(format: unknown): void {
  if (format === undefined || typeof format === "function") return;
  if (format === "text" || format === "terminal" || format === "json") return;
  throw new TypeError(
    `createLogger: format: expected "text", "terminal", "json" or a function, got ${describe(format)}`,
  );
}

function checkSink(sink: unknown): void {
  if (sink === undefined) return;
  if (typeof sink === "object" && sink !== null) {
    if ("write" in sink && typeof sink.write === "function") return;
    if ("writeEntries" in sink && typeof sink.writeEntries === "function") return;
    if ("fd" in sink && typeof sink.fd === "number" && Number.isInteger(sink.fd) && sink.fd >= 0) return;
    if ("path" in sink && typeof sink.path === "string" && sink.path !== "") return;
  }
  throw new TypeError(
    `createLogger: sink: expected an object with write(text) or writeEntries(entries), { fd: number } or { path: string }, got ${describe(sink)}`,
  );
}

function checkNeedsFormat({ sink, format }: LogOutput): void {
  if (format === undefined || sink === undefined || !("writeEntries" in sink)) return;
  throw new TypeError("createLogger: format: a sink with writeEntries(entries) takes none; got both");
}

function positive(option: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0) return value;
  throw new TypeError(`createLogger: ${option}: expected a number greater than 0, got ${describe(value)}`);
}

function check<T>(option: string, value: T, types: readonly string[]): T {
  if (types.includes(typeof value)) return value;
  throw new TypeError(`createLogger: ${option}: expected a ${types.join(" or ")}, got ${describe(value)}`);
}

function checkAll<T>(option: string, list: readonly T[]): readonly T[] {
  if (!Array.isArray(list))
    throw new TypeError(`createLogger: ${option}: expected an array of functions, got ${describe(list)}`);
  for (const item of list) check(option, item, ["function"]);
  return list;
}

function checkKeys(keys: Partial<LogKeys>): Partial<LogKeys> {
  checkKnown("createLogger: keys", keys, Object.keys(defaultKeys));
  for (const [name, key] of Object.entries(keys)) {
    if (typeof key !== "string" || key === "") {
      throw new TypeError(`createLogger: keys.${name}: expected a name, got ${describe(key)}`);
    }
  }
  return keys;
}

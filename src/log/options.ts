import type { Context } from "@opentelemetry/api";
import type { FileTarget } from "#platform";
import { guarded } from "../call/fault.js";
import { checkKnown, describe } from "../call/options.js";
import type { CallInfo } from "../call/types.js";
import type { CoreOptions } from "./core.js";
import { defaultOptions } from "./default-options.js";
import { callerLocation } from "./file-location.js";
import { defaultKeys, type LogKeys } from "./keys.js";
import { openOutput, outputsOf } from "./output-options.js";
import { isSampled } from "./span-context.js";
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

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function resolveLoggerOptions(options: LoggerOptions): CoreOptions {
  checkKnown("createLogger", options, optionNames);
  const outputs = outputsOf(options);
  check("default", options.default ?? false, ["boolean"]);
  const checked = {
    debug: check("debug", options.debug ?? false, ["boolean", "function"]),
    maxSize: positive("maxSize", options.maxSize, defaultOptions.maxSize),
    maxEntries: positive("maxEntries", options.maxEntries, defaultOptions.maxEntries),
    maxBytes: positive("maxBytes", options.maxBytes, defaultOptions.maxBytes),
    maxAgeMs: positive("maxAgeMs", options.maxAgeMs, defaultOptions.maxAgeMs),
    budgetBytes:
      options.budgetBytes === undefined ? undefined : positive("budgetBytes", options.budgetBytes, 0),
    keys: { ...defaultKeys, ...checkKeys(options.keys ?? {}) },
    fields: checkAll("fields", options.fields ?? []).map((fn) =>
      guarded(fn, "a fields function", () => undefined),
    ),
    locate: check("fileLocation", options.fileLocation ?? false, ["boolean"]) ? callerLocation : undefined,
    isUnbuffered: unbuffered(options.disableBuffering),
  };
  // Opened last: a bad option opens no file.
  return { ...checked, outputs: outputs.map(openOutput) };
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

function positive(option: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0) return value;
  throw new TypeError(`createLogger: ${option}: expected a number greater than 0, got ${describe(value)}`);
}

function check<T>(option: string, value: T, types: readonly string[]): T {
  if (types.includes(typeof value)) return value;
  throw new TypeError(`createLogger: ${option}: expected a ${types.join(" or ")}, got ${describe(value)}`);
}

function unbuffered(disableBuffering: LoggerOptions["disableBuffering"]): CoreOptions["isUnbuffered"] {
  if (disableBuffering === undefined) return isSampled;
  check("disableBuffering", disableBuffering, ["function"]);
  return guarded(disableBuffering, "the disableBuffering function", isSampled);
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

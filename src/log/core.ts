import { type Context, TraceFlags, trace } from "@opentelemetry/api";
import { formatMessage } from "#platform";
import { reportFault } from "../call/fault.js";
import type { CallInfo } from "../call/types.js";
import type { BufferLimits } from "./buffer.js";
import { cut } from "./cut.js";
import { Entry, FieldList } from "./entry.js";
import { errorDetails } from "./error-fields.js";
import { defaultKeys, type LogKeys } from "./keys.js";
import { lineLedger } from "./ledger.js";
import { type FieldsCopy, Line, type Printf } from "./line.js";
import type { BoundLogger } from "./logger.js";
import { type DebugOption, type LoggerOptions, resolveLoggerOptions } from "./options.js";
import { Output } from "./output.js";
import type { Fields, LogValue, Severity } from "./types.js";
import { snapshot } from "./value.js";

/** What a line is made of, as the caller gave it. */
export interface LineInput {
  readonly severity: Severity;
  readonly message: string | Printf | undefined;
  readonly fields?: Fields | undefined;
  readonly error?: { readonly value: unknown } | undefined;
  readonly file?: string | undefined;
  /** Default: now. */
  readonly time?: number | undefined;
}

/** What all loggers of one `createLogger` share: records lines, and turns them into entries when they are written. */
export class LoggerCore {
  readonly keys: LogKeys;
  readonly limits: BufferLimits;
  readonly maxAgeMs: number;
  readonly maxSize: number;
  readonly fileLocation: boolean;
  debug: DebugOption;
  private readonly outputs: readonly Output[];
  private readonly fieldFunctions: readonly ((ctx: Context) => Fields | undefined)[];
  private readonly disableBuffering: ((ctx: Context) => boolean) | undefined;

  constructor(options: LoggerOptions) {
    const resolved = resolveLoggerOptions(options);
    this.keys = { ...defaultKeys, ...resolved.keys };
    this.limits = { maxEntries: resolved.maxEntries, maxBytes: resolved.maxBytes };
    this.maxAgeMs = resolved.maxAgeMs;
    this.maxSize = resolved.maxSize;
    this.fileLocation = resolved.fileLocation;
    this.debug = resolved.debug;
    this.outputs = resolved.outputs.map((output) => new Output(output));
    this.fieldFunctions = resolved.fields;
    this.disableBuffering = resolved.disableBuffering;
    if (resolved.budgetBytes !== undefined) lineLedger.setLimit(resolved.budgetBytes);
  }

  /** Whether debug is on for a call, or outside of calls. */
  debugOn(call: CallInfo | undefined): boolean {
    const { debug } = this;
    if (typeof debug === "boolean") return debug;
    try {
      return debug(call);
    } catch (error) {
      reportFault(debug, "the debug function", error);
      return false;
    }
  }

  /** Whether the lines of a context are written at once: its span is sampled, or the `disableBuffering` option says so. */
  isUnbuffered(ctx: Context): boolean {
    if (this.disableBuffering === undefined) return isSampled(ctx);
    try {
      return this.disableBuffering(ctx);
    } catch (error) {
      reportFault(this.disableBuffering, "the disableBuffering function", error);
      return isSampled(ctx);
    }
  }

  /** Records a line: a copy of what could still change, and nothing formatted. */
  record(logger: BoundLogger, input: LineInput): Line {
    const { severity, error, file } = input;
    const message = typeof input.message === "string" ? bounded(input.message, this.maxSize) : input.message;
    const own = input.fields === undefined ? undefined : this.copy(input.fields);
    const fields = this.fieldFunctions.length === 0 ? own : this.withFieldFunctions(own, logger.ctx);
    const details =
      error === undefined && file === undefined
        ? undefined
        : { error: error && errorDetails(error.value, this.maxSize), file };
    return new Line(logger, input.time ?? Date.now(), severity, message, fields, details);
  }

  /** Copies fields as they are now. Fields that cannot be read are told, not thrown. */
  copy(fields: Fields): FieldsCopy {
    try {
      const copy: Record<string, unknown> = { ...fields };
      let count = 0;
      for (const key in copy) {
        const value = copy[key];
        if (++count > maxFields) delete copy[key];
        else if (!isSmall(value, this.maxSize)) copy[key] = snapshot(value, this.maxSize);
      }
      return copy as FieldsCopy;
    } catch {
      return { fields: "[unreadable]" };
    }
  }

  /** Prepares a printf message: arguments that could still change are copied, the text is made at the flush. */
  printf(format: string, args: readonly unknown[]): Printf {
    return { format, args: args.map((arg) => snapshot(arg, this.maxSize) ?? "undefined") };
  }

  /** Writes lines to every output. */
  write(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    const entries = lines.map((line) => this.entry(line));
    for (const output of this.outputs) output.write(entries);
  }

  /** Writes out what the sinks hold back, before it returns. */
  flushSync(): void {
    for (const output of this.outputs) output.flushSync();
  }

  private withFieldFunctions(own: FieldsCopy | undefined, ctx: Context): FieldsCopy {
    const fields: Record<string, LogValue | undefined> = { ...own };
    for (const fn of this.fieldFunctions) {
      try {
        const more = fn(ctx);
        if (more !== undefined) Object.assign(fields, this.copy(more));
      } catch (error) {
        reportFault(fn, "a fields function", error);
      }
    }
    return fields;
  }

  /** The final fields of a line: message, error, its own, its logger's. */
  private entry({ logger, time, severity, message, fields, details }: Line): Entry {
    const { keys } = this;
    const own = new FieldList(keys);
    if (message !== undefined) own.add(keys.message, this.text(message));
    if (details?.error !== undefined) own.addError(details.error);
    if (fields !== undefined) own.addAll(fields);
    if (details?.file !== undefined) own.add(keys.file, details.file);
    return new Entry(time, severity, keys, own.fields, own.missing(logger.lastingFields));
  }

  private text(message: string | Printf): string {
    return typeof message === "string"
      ? message
      : bounded(formatMessage(message.format, message.args), this.maxSize);
  }
}

/** Whether the span of a context is sampled, by its flag: a span may record without being sampled. */
export function isSampled(ctx: Context): boolean {
  const span = trace.getSpanContext(ctx);
  return span !== undefined && (span.traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** How many fields of one object are logged. */
const maxFields = 64;

/** Whether a value can neither change nor be too large: most values, and so the one check that most of them cost. */
function isSmall(value: unknown, maxSize: number): boolean {
  switch (typeof value) {
    case "string":
      return value.length <= maxSize;
    case "number":
    case "boolean":
    case "undefined":
      return true;
    default:
      return value === null;
  }
}

function bounded(text: string, maxSize: number): string {
  return text.length <= maxSize ? text : cut(text, maxSize);
}

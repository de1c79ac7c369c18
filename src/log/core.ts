import { type Context, TraceFlags, trace } from "@opentelemetry/api";
import { formatMessage } from "#platform";
import { reportFault } from "../call/fault.js";
import type { CallInfo } from "../call/types.js";
import type { BufferLimits } from "./buffer.js";
import { cut } from "./cut.js";
import { type ErrorDetails, errorDetails } from "./error-fields.js";
import { defaultKeys, type LogKeys } from "./keys.js";
import { lineLedger } from "./ledger.js";
import { type FieldsCopy, Line, type Printf } from "./line.js";
import type { BoundLogger } from "./logger.js";
import { type DebugOption, type LoggerOptions, resolveLoggerOptions } from "./options.js";
import { Output } from "./output.js";
import type { Field, Fields, LogEntry, LogValue, Severity } from "./types.js";
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

  /** The final fields of a line: message, its own, its error, its logger's, its call's, its trace. */
  private entry(line: Line): LogEntry {
    const { keys } = this;
    const { logger, severity, message, fields, details, time } = line;
    const list = new FieldList(keys);
    if (message !== undefined) list.add(keys.message, this.text(message));
    if (details?.error !== undefined) addError(list, keys.error, details.error);
    if (fields !== undefined) list.addAll(fields);
    if (logger.bindings !== undefined) list.addMissing(logger.bindings);
    if (logger.log !== undefined) list.addMissing(logger.log.callFields());
    const span = trace.getSpanContext(logger.ctx);
    if (span !== undefined) list.addMissing({ [keys.traceId]: span.traceId, [keys.spanId]: span.spanId });
    if (details?.file !== undefined) list.addMissing({ [keys.file]: details.file });
    return { time, severity, fields: list.fields, keys };
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

/** How many characters of a key are logged. */
const maxKeySize = 256;

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

/** Fields in order, each key once: the later value takes the earlier one's place. */
class FieldList {
  readonly fields: Field[] = [];

  constructor(private readonly keys: LogKeys) {}

  add(key: string, value: LogValue): void {
    const at = this.indexOf(key);
    if (at < 0) this.fields.push([key, value]);
    else this.fields[at] = [key, value];
  }

  addAll(fields: FieldsCopy): void {
    for (const key in fields) {
      const value = fields[key];
      if (value !== undefined) this.add(this.free(key), value);
    }
  }

  /** Adds the fields whose keys are not there yet. */
  addMissing(fields: FieldsCopy): void {
    for (const key in fields) {
      const value = fields[key];
      if (value !== undefined && this.indexOf(key) < 0) this.fields.push([this.free(key), value]);
    }
  }

  /** The time and the level are the kit's: a field of that name would forge them. */
  private free(key: string): string {
    if (key === this.keys.time || key === this.keys.severity) return `fields.${key}`;
    return cut(key, maxKeySize);
  }

  private indexOf(key: string): number {
    for (let i = 0; i < this.fields.length; i++) {
      if (this.fields[i]?.[0] === key) return i;
    }
    return -1;
  }
}

function addError(list: FieldList, key: string, { message, code, causes, stack }: ErrorDetails): void {
  list.add(key, message);
  if (code !== undefined) list.add(`${key}.code`, code);
  if (causes !== undefined) list.add(`${key}.causes`, causes);
  if (stack !== undefined) list.add(`${key}.stack`, stack);
}

function bounded(text: string, maxSize: number): string {
  return text.length <= maxSize ? text : cut(text, maxSize);
}

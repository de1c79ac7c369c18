import type { Context } from "@opentelemetry/api";
import { formatMessage } from "#platform";
import type { Call } from "../call/call.js";
import { cut } from "../call/cut.js";
import { debugRuleFor } from "../call/debug-slot.js";
import { guarded } from "../call/fault.js";
import type { CallInfo } from "../call/types.js";
import { annotatedFields } from "./annotation.js";
import type { BufferLimits } from "./buffer.js";
import { copyFields } from "./copy-fields.js";
import { Entry, FieldList } from "./entry.js";
import { errorDetails } from "./error-fields.js";
import type { LogKeys } from "./keys.js";
import { lineLedger } from "./ledger.js";
import { type FieldsCopy, Line, Printf } from "./line.js";
import type { BoundLogger } from "./logger.js";
import type { DebugOption } from "./options.js";
import { Output, type OutputOptions } from "./output.js";
import { spanContextOf } from "./span-context.js";
import type { Fields, LogValue, Severity } from "./types.js";
import { snapshot } from "./value.js";
import { lineWatch } from "./watched-lines.js";

/** What a logger is made of: options, checked and complete. */
export interface CoreOptions extends BufferLimits {
  readonly outputs: readonly OutputOptions[];
  readonly debug: DebugOption;
  readonly maxSize: number;
  readonly maxAgeMs: number;
  readonly budgetBytes: number | undefined;
  readonly keys: LogKeys;
  /** They do not throw. */
  readonly fields: readonly ((ctx: Context) => Fields | undefined)[];
  /** Tells where a logger's method was called, for each line; undefined where nobody wants to know. */
  readonly locate: ((method: (...args: never[]) => unknown) => string | undefined) | undefined;
  /** Whether the lines of a context are written at once. It does not throw. */
  readonly isUnbuffered: (ctx: Context) => boolean;
}

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
  readonly locate: CoreOptions["locate"];
  /** Whether the lines of a context are written at once: its span is sampled, or the `disableBuffering` option says so. */
  readonly isUnbuffered: (ctx: Context) => boolean;
  private debug: DebugOption = false;
  /** Where its lines go. */
  readonly outputs: readonly Output[];
  private readonly fieldFunctions: CoreOptions["fields"];

  constructor(options: CoreOptions) {
    this.keys = options.keys;
    this.limits = { maxEntries: options.maxEntries, maxBytes: options.maxBytes };
    this.maxAgeMs = options.maxAgeMs;
    this.maxSize = options.maxSize;
    this.locate = options.locate;
    this.setDebug(options.debug);
    this.outputs = options.outputs.map((output) => new Output(output));
    this.fieldFunctions = options.fields;
    this.isUnbuffered = options.isUnbuffered;
    if (options.budgetBytes !== undefined) lineLedger.setLimit(options.budgetBytes);
  }

  /** Whether debug is on for a call, or outside of calls: by the logger's own option, or by a rule for a while. */
  debugOn(call: Call | undefined): boolean {
    return this.ownDebugOn(call) || debugRuleFor(call) !== undefined;
  }

  /** Switches debug on or off: for everything, or for what a function names. */
  setDebug(debug: DebugOption): void {
    this.debug = typeof debug === "boolean" ? debug : guarded(debug, "the debug function", () => false);
  }

  /** Records a line: a copy of what could still change, and nothing formatted. */
  record(logger: BoundLogger, input: LineInput): Line {
    const { severity, error, file } = input;
    const message =
      typeof input.message === "string" ? bounded(input.message, this.maxSize) : this.unusual(input.message);
    const given = input.fields === undefined ? undefined : this.copy(input.fields);
    const own = severity === "debug" ? this.marked(given, logger) : given;
    const fields = this.fieldFunctions.length === 0 ? own : this.withFieldFunctions(own, logger.ctx);
    const details =
      error === undefined && file === undefined
        ? undefined
        : { error: error && errorDetails(error.value, this.maxSize), file };
    return new Line(logger, input.time ?? Date.now(), severity, message, fields, details);
  }

  /** Copies fields as they are now. */
  copy(fields: Fields): FieldsCopy {
    return copyFields(fields, this.maxSize);
  }

  /** Prepares a printf message: arguments that could still change are copied, the text is made at the flush. */
  printf(format: string, args: readonly unknown[]): Printf {
    const text = typeof format === "string" ? bounded(format, this.maxSize) : this.plain(format);
    return new Printf(
      text,
      args.map((arg) => snapshot(arg, this.maxSize) ?? "undefined"),
    );
  }

  /** A message that is no string: a printf form, none, or what the type checker did not see. */
  private unusual(message: unknown): string | Printf | undefined {
    return message === undefined || message instanceof Printf ? message : this.plain(message);
  }

  private plain(value: unknown): string {
    const kept = snapshot(value, this.maxSize);
    return bounded(typeof kept === "string" ? kept : formatMessage("%s", [kept]), this.maxSize);
  }

  /** Writes lines to every output. */
  write(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    const entries = lines.map((line) => this.entry(line));
    for (const output of this.outputs) output.write(entries);
    lineWatch.watch?.written(lines, entries);
  }

  /** Writes out what the sinks hold back, before it returns. */
  flushSync(): void {
    for (const output of this.outputs) output.flushSync();
  }

  private ownDebugOn(call: CallInfo | undefined): boolean {
    if (call?.forced === true) return true;
    return typeof this.debug === "boolean" ? this.debug : this.debug(call);
  }

  /** A debug line that is there because of a rule names it. */
  private marked(fields: FieldsCopy | undefined, { log }: BoundLogger): FieldsCopy | undefined {
    const rule = debugRuleFor(log?.call);
    return rule === undefined || this.ownDebugOn(log?.call)
      ? fields
      : { ...fields, [this.keys.debugRule]: rule.id };
  }

  private withFieldFunctions(own: FieldsCopy | undefined, ctx: Context): FieldsCopy {
    const fields: Record<string, LogValue | undefined> = { ...own };
    for (const fn of this.fieldFunctions) {
      const more = fn(ctx);
      if (more !== undefined) Object.assign(fields, this.copy(more));
    }
    return fields;
  }

  /** A line with its final fields: message, error, its own, its logger's. */
  entry({ logger, time, severity, message, fields, details }: Line): Entry {
    const { keys } = this;
    const own = new FieldList(keys);
    if (message !== undefined) own.add(keys.message, this.text(message));
    if (details?.error !== undefined) own.addError(details.error);
    if (fields !== undefined) own.addAll(fields);
    if (details?.file !== undefined) own.add(keys.file, details.file);
    const lasting = own.missing(logger.lastingFields);
    if (details?.error?.annotation !== undefined) {
      const moment = { time, span: spanContextOf(logger.ctx) };
      own.addMissing(annotatedFields(details.error.annotation, keys, moment), lasting);
    }
    return new Entry(time, severity, logger.ctx, keys, own.fields, lasting);
  }

  private text(message: string | Printf): string {
    return typeof message === "string"
      ? message
      : bounded(formatMessage(message.format, message.args), this.maxSize);
  }
}

function bounded(text: string, maxSize: number): string {
  return text.length <= maxSize ? text : cut(text, maxSize);
}

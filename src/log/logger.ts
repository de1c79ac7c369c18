import type { Context } from "@opentelemetry/api";
import { exitProcess } from "#platform";
import { describe } from "../call/options.js";
import { type Copy, madeBy, needOurs, thisCopy } from "../call/shared.js";
import type { CallInfo } from "../call/types.js";
import type { CallLog } from "./call-log.js";
import type { LoggerCore } from "./core.js";
import { FieldList, LastingFields } from "./entry.js";
import type { FieldsCopy, Printf } from "./line.js";
import type { DebugOption } from "./options.js";
import { spanContextOf } from "./span-context.js";
import type { Fields, Severity } from "./types.js";

/**
 * Logs lines for a call, or for the process when there is none.
 *
 * In a call, `info`, `warn` and `debug` lines are held back: they are written when the call fails, is traced or
 * runs while debug is on, and forgotten when it succeeds. Outside a call every line is written at once.
 *
 * The forms that end in `f` take the directives of Node's `util.format`, and format only what is written.
 */
export interface Logger {
  /** Writes a line at once and flushes nothing: for the life of the process, as in "listening on :8080". */
  print(message: string, fields?: Fields): void;
  /** `print`, with a format. */
  printf(format: string, ...args: readonly unknown[]): void;
  /** What one would want to know of a call that fails. */
  info(message: string, fields?: Fields): void;
  /** `info`, with a format. */
  infof(format: string, ...args: readonly unknown[]): void;
  /** What is odd, and may be what led to a failure. It flushes nothing. */
  warn(message: string, fields?: Fields): void;
  /** `warn`, with a format. */
  warnf(format: string, ...args: readonly unknown[]): void;
  /** Dropped unless debug is on; see {@link Logger.debugEnabled}. */
  debug(message: string, fields?: Fields): void;
  /** `debug`, with a format. */
  debugf(format: string, ...args: readonly unknown[]): void;
  /** Writes all that the call has held back, and then this line, with the error's message, code, causes and stack. */
  error(error: unknown, message?: string, fields?: Fields): void;
  /** `error`, with a format for the message. */
  errorf(error: unknown, format: string, ...args: readonly unknown[]): void;
  /** Like `error`; then flushes every sink and ends the process with exit code 1. */
  fatal(error: unknown, message?: string, fields?: Fields): void;
  /** `fatal`, with a format for the message. */
  fatalf(error: unknown, format: string, ...args: readonly unknown[]): void;
  /** A logger that adds fields to every line. It shares the call's buffer: order is kept, and nothing is written twice. */
  with(fields: Fields): Logger;
  /** Writes what the call has held back so far, and goes on holding back. Outside a call: flushes the sinks. */
  flush(): void;
  /** Writes what the call has held back, and every further line at once. */
  stopBuffering(): void;
  /** Whether `debug` lines are logged here and now. */
  readonly debugEnabled: boolean;
}

/** What `createLogger` returns. */
export interface RootLogger extends Logger {
  /**
   * Switches debug on or off while the process runs: for everything, or for the calls that a function names.
   * Calls in flight follow at their next line or end.
   */
  setDebug(debug: boolean | ((call: CallInfo | undefined) => boolean)): void;
}

/** A logger bound to a context, and to the log of its call if it has one. */
export class BoundLogger implements RootLogger {
  private lasting: LastingFields | undefined = undefined;

  constructor(
    readonly core: LoggerCore,
    readonly log: CallLog | undefined,
    readonly ctx: Context,
    readonly bindings: FieldsCopy | undefined,
  ) {}

  get [madeBy](): Copy {
    return thisCopy;
  }

  /** The fields of every line of this logger, beyond the line's own: bindings, call, trace. */
  get lastingFields(): LastingFields {
    this.lasting ??= this.makeLastingFields();
    return this.lasting;
  }

  print(message: string, fields?: Fields): void {
    this.writeNow("info", message, fields);
  }
  printf(format: string, ...args: readonly unknown[]): void {
    this.writeNow("info", this.core.printf(format, args), undefined);
  }
  info(message: string, fields?: Fields): void {
    this.emit("info", message, fields);
  }
  infof(format: string, ...args: readonly unknown[]): void {
    this.emit("info", this.core.printf(format, args), undefined);
  }
  warn(message: string, fields?: Fields): void {
    this.emit("warn", message, fields);
  }
  warnf(format: string, ...args: readonly unknown[]): void {
    this.emit("warn", this.core.printf(format, args), undefined);
  }
  debug(message: string, fields?: Fields): void {
    if (this.debugEnabled) this.emit("debug", message, fields);
  }
  debugf(format: string, ...args: readonly unknown[]): void {
    if (this.debugEnabled) this.emit("debug", this.core.printf(format, args), undefined);
  }
  error(error: unknown, message?: string, fields?: Fields): void {
    this.emitError(error, message, fields);
  }
  errorf(error: unknown, format: string, ...args: readonly unknown[]): void {
    this.emitError(error, this.core.printf(format, args), undefined);
  }
  fatal(error: unknown, message?: string, fields?: Fields): void {
    this.emitError(error, message, fields);
    this.exit();
  }
  fatalf(error: unknown, format: string, ...args: readonly unknown[]): void {
    this.emitError(error, this.core.printf(format, args), undefined);
    this.exit();
  }

  with(fields: Fields): Logger {
    const bindings = { ...this.bindings, ...this.core.copy(fields) };
    return new BoundLogger(this.core, this.log, this.ctx, bindings);
  }

  flush(): void {
    if (this.log === undefined) this.core.flushSync();
    else this.log.scope.flush();
  }

  stopBuffering(): void {
    if (this.log === undefined) return;
    this.log.scope.flush();
    this.log.scope.stopped = true;
  }

  get debugEnabled(): boolean {
    return this.core.debugOn(this.log?.call);
  }

  setDebug(debug: DebugOption): void {
    if (typeof debug !== "boolean" && typeof debug !== "function") {
      throw new TypeError(`setDebug: expected a boolean or a function of the call, got ${describe(debug)}`);
    }
    this.core.setDebug(debug);
  }

  private emit(severity: Severity, message: string | Printf, fields: Fields | undefined): void {
    const file = this.core.locate?.(this.emit);
    const line = this.core.record(this, { severity, message, fields, file });
    if (this.log === undefined) this.core.write([line]);
    else this.log.add(line);
  }

  private emitError(value: unknown, message: string | Printf | undefined, fields: Fields | undefined): void {
    const error = value === undefined || value === null ? undefined : { value };
    const file = this.core.locate?.(this.emitError);
    const line = this.core.record(this, { severity: "error", message, fields, error, file });
    if (this.log === undefined) this.core.write([line]);
    else this.log.addError(line);
  }

  private writeNow(severity: Severity, message: string | Printf, fields: Fields | undefined): void {
    const file = this.core.locate?.(this.writeNow);
    this.core.write([this.core.record(this, { severity, message, fields, file })]);
  }

  /** The logger's own fields win over those of its call. */
  private makeLastingFields(): LastingFields {
    const { keys } = this.core;
    const list = new FieldList(keys);
    const span = spanContextOf(this.ctx);
    if (span !== undefined) list.addAll({ [keys.traceId]: span.traceId, [keys.spanId]: span.spanId });
    if (this.log !== undefined) list.addAll(this.log.callFields());
    if (this.bindings !== undefined) list.addAll(this.bindings);
    return list.fields.length === 0 ? LastingFields.none : new LastingFields(list.fields);
  }

  private exit(): void {
    this.core.flushSync();
    exitProcess(1);
  }
}

/**
 * The kit's own logger behind the interface, which has no other implementation. Another copy of the kit may have made it.
 *
 * @throws TypeError for anything else
 */
export function boundLogger(logger: Logger, option: string): BoundLogger {
  needOurs(option, logger, "a logger made by createLogger()");
  return logger as BoundLogger;
}

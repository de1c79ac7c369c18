import type { Context } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import type { CallObserver, Outcome } from "../call/types.js";
import { endLine, startLine } from "./access.js";
import type { CallLogOptions } from "./call-options.js";
import type { LoggerCore } from "./core.js";
import type { FieldsCopy, Line } from "./line.js";
import { BoundLogger } from "./logger.js";
import { newRequestId, requestIdOf, validRequestId } from "./request-id.js";
import { LogScope } from "./scope.js";
import { lineWatch } from "./watched-lines.js";

/**
 * The log of one call: an observer that writes what led up to a failure, and forgets what led to success.
 * A client's call made while another call is served logs into that call's scope, so that the story is one.
 */
export class CallLog implements CallObserver {
  readonly scope: LogScope;
  private readonly unbuffered: boolean;
  private ownLogger: BoundLogger | undefined = undefined;
  private requestId: string | undefined = undefined;
  private fields: FieldsCopy | undefined = undefined;

  constructor(
    readonly core: LoggerCore,
    readonly call: Call,
    private readonly options: CallLogOptions,
    /** The log of the call that this one is made for. */
    private readonly parent: CallLog | undefined,
    /** Fields of the logger that was carried where the call was made. */
    private readonly bindings: FieldsCopy | undefined,
  ) {
    this.unbuffered = core.isUnbuffered(call.ctx);
    this.scope = parent?.scope ?? new LogScope(core, this);
    if (this.options.requestId !== false && this.options.requestId.propagate && call.side === "client") {
      call.header.set(this.options.requestId.header, this.id());
    }
    this.start();
  }

  /** The logger of the call's own context. */
  get logger(): BoundLogger {
    this.ownLogger ??= new BoundLogger(this.core, this, this.call.ctx, undefined);
    return this.ownLogger;
  }

  /** Takes a line: holds it back, or writes it after what was held back. */
  add(line: Line): void {
    if (this.writesThrough(line.logger.ctx)) this.scope.flush(line);
    else this.hold(line);
  }

  /** Takes an error line: it writes the whole story, and what follows until the next message. */
  addError(line: Line): void {
    this.scope.flush(line);
    this.scope.afterError = true;
  }

  /** The fields that every line of this call carries. */
  callFields(): FieldsCopy {
    this.fields ??= this.makeFields();
    return this.fields;
  }

  onReceive(): void {
    if (this.scope.afterError && this.rearmsOn === "receive") this.scope.afterError = false;
  }

  onSend(): void {
    if (this.scope.afterError && this.rearmsOn === "send") this.scope.afterError = false;
  }

  onResponseHeader(header: Headers): void {
    const { requestId } = this.options;
    if (requestId === false || !requestId.propagate || this.call.side !== "server") return;
    header.set(requestId.header, this.id());
  }

  onEnd(outcome: Outcome): void {
    const failed = this.options.isError(outcome, this.call);
    const end = () => endLine(this, this.options, outcome, failed);
    if (this.parent !== undefined) this.endInParent(end(), failed);
    else this.endScope(end, failed);
  }

  /** The request id: the client's, if it sent an acceptable one, else one that is made when it is first needed. */
  private id(): string {
    this.requestId ??= this.parent?.id() ?? this.ownId();
    return this.requestId;
  }

  private ownId(): string {
    const { requestId } = this.options;
    if (requestId === false) return newRequestId();
    const sent = this.call.side === "server" ? requestIdOf(this.call.header, requestId.header) : undefined;
    return sent ?? validRequestId(requestId.generate()) ?? newRequestId();
  }

  private hold(line: Line): void {
    this.scope.buffer.push(line);
    if (lineWatch.watch?.wantsHeld === true) lineWatch.watch.held(line);
  }

  private start(): void {
    if (this.parent !== undefined) {
      // In another call's scope the start has its place between that call's lines.
      const line = this.startLine();
      if (line !== undefined) this.add(line);
    } else if (this.options.access === "always" || this.writesThrough(this.call.ctx)) {
      this.scope.writeStart();
    }
  }

  /** The line of the call's start. Made when it is written: a call that succeeds in silence never pays for it. */
  startLine(): Line | undefined {
    return startLine(this, this.options);
  }

  private endInParent(end: Line | undefined, failed: boolean): void {
    if (failed) {
      this.scope.flush(end);
      this.scope.afterError = true;
    } else if (end !== undefined && (!this.scope.ended || this.isWatched)) {
      // A call that outlives the one it was made for, and succeeds, is as silent as any.
      this.add(end);
    }
  }

  /** The end line of a call that succeeds in silence is never made. */
  private endScope(end: () => Line | undefined, failed: boolean): void {
    if (failed || this.writesThrough(this.call.ctx)) {
      this.scope.flush(end());
    } else {
      this.scope.buffer.clear();
      if (this.options.access === "always") this.scope.flush(end());
    }
    this.scope.end();
  }

  private writesThrough(ctx: Context): boolean {
    if (this.scope.writesThrough || this.isWatched) return true;
    return ctx !== this.call.ctx && this.core.isUnbuffered(ctx);
  }

  /** Somebody wants to see this call whatever becomes of it: it is traced, or debug is on. */
  private get isWatched(): boolean {
    return this.unbuffered || this.core.debugOn(this.call);
  }

  /** Messages of the direction that has many begin a new story; where there is one message only, the call is one story. */
  private get rearmsOn(): "receive" | "send" | "never" {
    if (this.parent !== undefined || this.call.kind === "unary") return "never";
    if (this.call.kind === "bidi_streaming") return "receive";
    return (this.call.kind === "server_streaming") === (this.call.side === "server") ? "send" : "receive";
  }

  private makeFields(): FieldsCopy {
    const { keys } = this.core;
    const requestId = this.options.requestId === false ? undefined : this.id();
    return {
      [keys.requestId]: requestId,
      ...this.bindings,
      [keys.service]: this.call.service,
      [keys.method]: this.call.method,
    };
  }
}

/** The log of a call, if the call has one. It may be that of another copy of the kit. */
export function logOf(call: Call | undefined): CallLog | undefined {
  return call?.log as CallLog | undefined;
}

import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import { codeName, isErrorOn } from "../call/code.js";
import { reportFault } from "../call/fault.js";
import * as names from "../call/semconv.js";
import type { Outcome } from "../call/types.js";
import type { ResolvedTraceOptions } from "./options.js";

/**
 * The consumer spans of a stream's received messages, one at a time: from a message's receipt until the next one is
 * asked for, its callback has ended, or the call has.
 */
export class MessageSpans {
  private span: Span | undefined = undefined;

  constructor(
    private readonly call: Call,
    private readonly options: ResolvedTraceOptions,
    private readonly tracer: Tracer,
  ) {}

  /**
   * Starts the span of a message.
   *
   * @param ctx - the message's context
   * @param remote - where an untrusted peer says that it belongs
   * @param n - its place in the stream
   * @returns the context with the span; `ctx` where this message has none
   */
  start(ctx: Context, remote: SpanContext | undefined, n: number): Context {
    this.end();
    if (!this.isDrawn() || !this.isWorthwhile(ctx)) return ctx;
    try {
      this.span = this.started(ctx, remote, n);
      return trace.setSpan(ctx, this.span);
    } catch (error) {
      this.report(error);
      return ctx;
    }
  }

  /** Ends the span of the message that is being worked on. */
  end(outcome?: Outcome): void {
    const { span } = this;
    if (span === undefined) return;
    this.span = undefined;
    try {
      if (outcome?.type === "error" && isErrorOn(this.call.side, outcome.code)) {
        span.setAttributes(this.allowed({ [names.errorType]: codeName(outcome.code) }));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    } catch (error) {
      this.report(error);
    }
  }

  private started(ctx: Context, remote: SpanContext | undefined, n: number): Span {
    const linked = this.options.messageSpans === "linked";
    const options = {
      kind: SpanKind.CONSUMER,
      root: linked,
      links: this.links(ctx, remote, linked),
      attributes: this.attributes(n),
    };
    return this.tracer.startSpan(`${this.call.path} message`, options, ctx);
  }

  private isDrawn(): boolean {
    const { messageSpanRatio } = this.options;
    return messageSpanRatio === 1 || Math.random() < messageSpanRatio;
  }

  /**
   * A child of a span that nobody records is worth no more than its parent: most messages, where sampling is on. Whether
   * the call is recorded, only a span that lasts as long as the call tells.
   */
  private isWorthwhile(ctx: Context): boolean {
    const { messageSpans, streamSpan } = this.options;
    if (messageSpans === "linked" || streamSpan !== "whole" || this.call.forced) return true;
    const parent = trace.getSpanContext(ctx);
    return (
      parent === undefined ||
      (parent.traceFlags & TraceFlags.SAMPLED) !== 0 ||
      trace.getSpan(this.call.ctx)?.isRecording() === true
    );
  }

  /** To where the message belongs and to the stream's span; a parent needs no link. */
  private links(ctx: Context, remote: SpanContext | undefined, linked: boolean): Link[] {
    const own = trace.getSpanContext(ctx);
    const contexts = new Map<string, SpanContext>();
    for (const context of [remote, own, trace.getSpanContext(this.call.ctx)]) {
      if (context !== undefined) contexts.set(context.spanId, context);
    }
    if (!linked && own !== undefined) contexts.delete(own.spanId);
    return [...contexts.values()].map((context) => ({ context }));
  }

  private attributes(n: number): Attributes {
    return this.allowed({
      [names.rpcSystemName]: names.connectRpc,
      [names.rpcMethod]: this.call.path,
      [names.clueMessageNumber]: n,
      [names.clueMessageDirection]: "received",
    });
  }

  private allowed(attributes: Attributes): Attributes {
    return this.options.allowed(attributes, this.call);
  }

  private report(error: unknown): void {
    reportFault(this.options, "the tracer, or what it asks", error);
  }
}

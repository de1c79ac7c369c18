import type { Message } from "@bufbuild/protobuf";
import { type Context, INVALID_SPANID, type TextMapPropagator, type Tracer, trace } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import { reportFault } from "../call/fault.js";
import { tracerSource } from "../call/tracer.js";
import type { CallInfo, CallObserver, Outcome } from "../call/types.js";
import { type Carriers, carriersOf } from "./carrier.js";
import { LinkedSpans } from "./linked-spans.js";
import { MessageSpans } from "./message-span.js";
import { StreamMessages } from "./messages.js";
import { type ResolvedTraceOptions, resolveTraceOptions, type TraceOptions } from "./options.js";
import { globalPropagator, injectHeaders, warnWithoutPropagator } from "./propagate.js";
import { type CallSpan, RpcSpan } from "./rpc-span.js";
import type { FindParent, SpanStart } from "./span-parent.js";

/**
 * The trace's observer factory. It goes before all others: it gives the call its context.
 *
 * @param findParent - says where the spans of this side's calls start
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function traceObserver(
  options: TraceOptions,
  findParent: FindParent,
): (call: CallInfo) => CallObserver {
  const resolved = resolveTraceOptions(options);
  const propagator = resolved.propagator ?? globalPropagator;
  const tracer = tracerSource(resolved.tracerProvider);
  const carriers = carriersOf(resolved.carrier);
  return (info) => {
    const trace = new CallTrace(info as Call, resolved, propagator, tracer(), findParent);
    if (info.kind !== "unary") trace.followMessages(carriers(info.desc));
    return trace;
  };
}

/** The trace of one call: its span, the headers that carry it, and its messages. */
class CallTrace implements CallObserver {
  /** The context that a trusted caller's headers told. */
  private readonly caller: Context | undefined;
  private readonly span: CallSpan | undefined;
  private messages: StreamMessages | undefined = undefined;

  constructor(
    private readonly call: Call,
    private readonly options: ResolvedTraceOptions,
    private readonly propagator: TextMapPropagator,
    private readonly tracer: Tracer,
    findParent: FindParent,
  ) {
    const { ctx, start, caller } = findParent(call, options, propagator);
    call.ctx = ctx;
    this.caller = caller;
    this.span = this.startSpan(ctx, start);
    if (this.span !== undefined) call.ctx = this.contextWith(this.span);
    if (call.side === "client") injectHeaders(propagator, call.ctx, call.header);
  }

  /** Traces a stream's messages, too. */
  followMessages({ request, response }: Carriers): void {
    const { call, options, propagator } = this;
    const isServer = call.side === "server";
    const received = isServer ? request : response;
    const sent = isServer ? response : request;
    const spans = hasMessageSpans(call, options) ? new MessageSpans(call, options, this.tracer) : undefined;
    if (received === undefined && sent === undefined && spans === undefined) return;
    this.messages = new StreamMessages(call, {
      propagator,
      trustRemote: options.trustRemote,
      caller: this.caller,
      received,
      sent,
      spans,
    });
    call.messageTrace = this.messages;
  }

  onReceive(ctx: Context, message: Message, n: number): Context | undefined {
    return this.messages?.received(ctx, message, n);
  }

  onResponseHeader(header: Headers): void {
    if (this.options.propagateResponse && this.call.side === "server") {
      injectHeaders(this.propagator, this.call.ctx, header);
    }
    this.span?.onResponseHeader(header);
  }

  onEnd(outcome: Outcome): void {
    this.messages?.end(outcome);
    this.span?.end(outcome);
  }

  private startSpan(parent: Context, start: SpanStart): CallSpan | undefined {
    const { call, options, tracer } = this;
    const extent = call.kind === "unary" ? "whole" : options.streamSpan;
    if (extent === "off" || !options.hasSpan(call.desc)) return undefined;
    try {
      return extent === "whole"
        ? new RpcSpan(call, options, tracer, parent, start)
        : new LinkedSpans(call, options, tracer, parent, start);
    } catch (error) {
      reportFault(options, "the tracer, or what it asks", error);
      return undefined;
    }
  }

  /** Without an SDK spans have no ids, and contexts are better left as they were. */
  private contextWith({ span }: CallSpan): Context {
    if (span.isRecording()) warnWithoutPropagator(this.propagator);
    return span.spanContext().spanId === INVALID_SPANID ? this.call.ctx : trace.setSpan(this.call.ctx, span);
  }
}

/** Messages have spans of their own in the direction that has many of them. */
function hasMessageSpans({ side, kind, desc }: Call, options: ResolvedTraceOptions): boolean {
  const { messageSpans, messageSpanRatio } = options;
  if (messageSpans === "off" || messageSpanRatio === 0 || !options.hasSpan(desc)) return false;
  return kind === "bidi_streaming" || kind === (side === "server" ? "client_streaming" : "server_streaming");
}

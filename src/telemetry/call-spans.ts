import { TraceFlags } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import { clueSpansDropped } from "../call/semconv.js";
import type { SpanBuffer } from "./held-spans.js";
import type { ReadableSpanLike, SpanProcessorLike } from "./sdk-types.js";

/**
 * The unsampled spans of a call and of all calls that are made in it: exported together, or not at all. They go by the
 * rules of the call's log. When a call inside fails, what led up to it is exported, and what follows until the next
 * message; when the call itself is to be kept, all that is still there is.
 */
export class CallSpans {
  /** A call inside failed while this was the call's message. */
  private failedAt: number | undefined = undefined;
  /** Something was exported: the call's own span, which comes last, must not be missing. */
  private exported = false;

  /**
   * @param call - the outermost call
   * @param next - hears of the end of every span: with the sampled flag, if it is to be exported
   * @param isKept - whether the spans of a call that has ended are exported
   */
  constructor(
    readonly call: Call,
    private readonly buffer: SpanBuffer,
    private readonly next: SpanProcessorLike,
    private readonly isKept: (call: Call) => boolean,
  ) {}

  /** Takes a span that has ended. */
  add(span: ReadableSpanLike): void {
    if (this.exports) this.export(span);
    else if (this.call.outcome === undefined) this.buffer.push(span);
    else this.next.onEnd(span);
  }

  /** A call inside has failed. */
  failed(): void {
    this.failedAt = messageOf(this.call);
    this.flush();
  }

  /** The call has ended. */
  end(): void {
    if (this.isKept(this.call)) this.flush();
    else for (const span of this.buffer.take()) this.next.onEnd(span);
  }

  /** Whether spans that end now are exported. */
  private get exports(): boolean {
    if (this.call.outcome === undefined) return this.failedAt === messageOf(this.call);
    return this.exported || this.isKept(this.call);
  }

  private flush(): void {
    for (const span of this.buffer.take()) this.export(span);
  }

  private export(span: ReadableSpanLike): void {
    this.exported = true;
    this.next.onEnd(sampled(span, this.buffer.takeDropped()));
  }
}

/** The number of the message that the call is at, in the direction that has many: each begins a new story, as in the log. */
function messageOf({ kind, side, received, sent }: Call): number {
  if (kind === "unary") return 0;
  if (kind === "bidi_streaming") return received;
  return (kind === "server_streaming") === (side === "server") ? sent : received;
}

/**
 * The span as exporters accept it: with the sampled flag, and with the number of those that are missing before it.
 * All else is the span's own.
 */
function sampled(span: ReadableSpanLike, dropped: number): ReadableSpanLike {
  const { traceFlags, ...context } = span.spanContext();
  const spanContext = { ...context, traceFlags: traceFlags | TraceFlags.SAMPLED };
  const attributes = dropped === 0 ? span.attributes : { ...span.attributes, [clueSpansDropped]: dropped };
  return new Proxy(span, {
    get(target, key) {
      if (key === "spanContext") return () => spanContext;
      return key === "attributes" ? attributes : Reflect.get(target, key);
    },
  });
}

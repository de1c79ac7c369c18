import type { Context } from "@opentelemetry/api";
import { type Span, type Tracer, trace } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import * as names from "../call/semconv.js";
import type { Outcome } from "../call/types.js";
import type { ResolvedTraceOptions } from "./options.js";
import { type CallSpan, RpcSpan } from "./rpc-span.js";
import type { SpanStart } from "./span-parent.js";

/**
 * Two short spans for a stream that may never end: one is exported as soon as the stream is open, the other one tells
 * how it ended. A stream that fails to open has the first one only.
 */
export class LinkedSpans implements CallSpan {
  private readonly opening: RpcSpan;
  /** Set once the stream is open. */
  private responseHeader: Headers | undefined;

  constructor(
    private readonly call: Call,
    private readonly options: ResolvedTraceOptions,
    private readonly tracer: Tracer,
    private readonly parent: Context,
    private readonly start: SpanStart,
  ) {
    const attributes = { ...start.attributes, [names.clueStreamPhase]: "open" };
    this.opening = new RpcSpan(call, options, tracer, parent, { ...start, attributes });
  }

  get span(): Span {
    return this.opening.span;
  }

  onResponseHeader(header: Headers): void {
    this.responseHeader = header;
    this.span.end(performance.now());
  }

  end(outcome: Outcome): void {
    const last = this.responseHeader === undefined ? this.opening : this.ending(outcome, this.responseHeader);
    last.end(outcome);
  }

  /** A child, so that it is sampled like the first one and found in its trace. */
  private ending({ durationMs }: Outcome, header: Headers): RpcSpan {
    const { kind, attributes } = this.start;
    const ending = new RpcSpan(this.call, this.options, this.tracer, trace.setSpan(this.parent, this.span), {
      kind,
      startTime: this.call.startedAt + durationMs,
      links: [{ context: this.span.spanContext() }],
      attributes: { ...attributes, [names.clueStreamPhase]: "end" },
    });
    ending.onResponseHeader(header);
    return ending;
  }
}

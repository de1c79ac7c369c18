import { type Context, INVALID_TRACEID, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";

/** The span of a context, if it has a real one: without an SDK every span has the id that stands for none. */
export function spanContextOf(ctx: Context): SpanContext | undefined {
  const span = trace.getSpanContext(ctx);
  return span?.traceId === INVALID_TRACEID ? undefined : span;
}

/** Whether the span of a context is sampled, by its flag: a span may record without being sampled. */
export function isSampled(ctx: Context): boolean {
  const span = spanContextOf(ctx);
  return span !== undefined && (span.traceFlags & TraceFlags.SAMPLED) !== 0;
}

import { type Context, INVALID_TRACEID, type SpanContext, trace } from "@opentelemetry/api";

/** The span of a context, if it has a real one: without an SDK every span has the id that stands for none. */
export function spanContextOf(ctx: Context): SpanContext | undefined {
  const span = trace.getSpanContext(ctx);
  return span?.traceId === INVALID_TRACEID ? undefined : span;
}

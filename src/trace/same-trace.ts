import { type Baggage, type Context, propagation, type SpanContext, trace } from "@opentelemetry/api";

/** Whether two contexts belong to the same span and have the same baggage. */
export function isSameTrace(a: Context, b: Context): boolean {
  if (a === b) return true;
  return (
    isSameSpan(trace.getSpanContext(a), trace.getSpanContext(b)) &&
    isSameBaggage(propagation.getBaggage(a), propagation.getBaggage(b))
  );
}

/** Whether two span contexts are those of one span. */
export function isSameSpan(a: SpanContext | undefined, b: SpanContext | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.spanId === b.spanId && a.traceId === b.traceId && a.traceFlags === b.traceFlags;
}

function isSameBaggage(a: Baggage | undefined, b: Baggage | undefined): boolean {
  if (a === b) return true;
  const entries = a?.getAllEntries() ?? [];
  const others = b?.getAllEntries() ?? [];
  return (
    entries.length === others.length &&
    entries.every(([key, { value, metadata }]) => {
      const other = b?.getEntry(key);
      return other?.value === value && other.metadata?.toString() === metadata?.toString();
    })
  );
}

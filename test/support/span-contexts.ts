import {
  baggageEntryMetadataFromString,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import fc from "fast-check";

/** A context with a span of some other process. */
export function inSpan(span: SpanContext, base: Context = ROOT_CONTEXT): Context {
  return trace.setSpanContext(base, span);
}

/** The n-th span of some trace, sampled: `spanOf("a", 2)`. The trace is one hexadecimal digit. */
export function spanOf(traceDigit: string, n: number, traceFlags = 1): SpanContext {
  return { traceId: traceDigit.repeat(32), spanId: n.toString(16).padStart(16, "0"), traceFlags };
}

/** What a propagator writes for a span. */
export function writtenBy(
  propagator: TextMapPropagator,
  span: SpanContext,
  base?: Context,
): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagator.inject(inSpan(span, base), carrier, defaultTextMapSetter);
  return carrier;
}

/** The span that a propagator reads. */
export function readBy(
  propagator: TextMapPropagator,
  carrier: Readonly<Record<string, string>>,
): SpanContext | undefined {
  return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter));
}

/** Valid span contexts with the flags of W3C Trace Context Level 2. */
export function spanContexts(): fc.Arbitrary<SpanContext> {
  return fc.record({ traceId: id(32), spanId: id(16), traceFlags: fc.integer({ min: 0, max: 3 }) });
}

/** Text that is a `traceparent`, or nearly. */
export function traceparents(): fc.Arbitrary<string> {
  const separator = fc.oneof({ weight: 20, arbitrary: fc.constant("-") }, fc.constantFrom("", "_", " "));
  const end = fc.oneof({ weight: 4, arbitrary: fc.constant("") }, fc.string({ maxLength: 100 }));
  return fc
    .tuple(nearly(2), separator, nearly(32), separator, nearly(16), separator, nearly(2), end)
    .map((parts) => parts.join(""));
}

/** Digits of that length, or a few more or less, or not all of them digits; two digits may be a version or flags. */
function nearly(length: number): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 20, arbitrary: length === 2 ? fc.constantFrom("00", "01", "cc", "ff") : hex(length, length) },
    hex(length - 1, length + 1),
    fc.constant("0".repeat(length)),
    fc.string({ minLength: length, maxLength: length }),
  );
}

function id(length: number): fc.Arbitrary<string> {
  return hex(length, length).filter((text) => !/^0+$/.test(text));
}

function hex(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength, maxLength });
}

/**
 * A context with baggage.
 *
 * @param properties - of each of its entries
 */
export function withBaggage(
  ctx: Context,
  values: Readonly<Record<string, string>>,
  properties?: string,
): Context {
  const more = properties === undefined ? {} : { metadata: baggageEntryMetadataFromString(properties) };
  const entries = Object.entries(values).map(([key, value]) => [key, { value, ...more }] as const);
  return propagation.setBaggage(ctx, propagation.createBaggage(Object.fromEntries(entries)));
}

/** The `traceparent` of a span. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags}`;
}

/** What a context tells another process, in plain values. */
export function told(ctx: Context | undefined) {
  if (ctx === undefined) return undefined;
  const span = trace.getSpanContext(ctx);
  const entries = propagation.getBaggage(ctx)?.getAllEntries();
  return {
    span: span && idsOf(span),
    state: span?.traceState?.serialize(),
    baggage: entries && Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
  };
}

/** A span context without its tracestate. */
export function idsOf({ traceId, spanId, traceFlags, isRemote }: SpanContext): SpanContext {
  return { traceId, spanId, traceFlags, ...(isRemote === true && { isRemote }) };
}

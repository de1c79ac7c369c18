import {
  type Context,
  INVALID_SPANID,
  INVALID_TRACEID,
  propagation,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { isSameSpan } from "./same-trace.js";
import { withRemoteSpan } from "./span-layer.js";
import { getter, isEmpty, setter } from "./text-map.js";
import { formatTraceparent, parseTraceparent } from "./traceparent.js";

/** Does what a propagator of W3C Trace Context does with the metadata of messages, several times as fast. */
export interface W3cShortCut {
  /** The metadata of a message that is sent in `ctx`; undefined where the propagator has to be asked. */
  inject(ctx: Context): Readonly<Record<string, string>> | undefined;
  /** The context that metadata without baggage tells; undefined when nothing in it can be used. */
  extract(metadata: Readonly<Record<string, unknown>>): Context | undefined;
}

/**
 * The short cut past a propagator; undefined for one that does anything but W3C Trace Context. Field names are only a
 * hint: a propagator may wrap W3C's, and have a policy of its own. A sample tells.
 *
 * @param base - the context to extract into; it has no baggage
 */
export function w3cShortCut(propagator: TextMapPropagator, base: Context): W3cShortCut | undefined {
  if (!propagator.fields().every(isW3cField) || !doesAsW3c(propagator, base)) return undefined;
  return {
    inject(ctx) {
      const span = trace.getSpanContext(ctx);
      return span !== undefined && isValid(span) && propagation.getBaggage(ctx) === undefined
        ? injectW3c(span)
        : undefined;
    },
    extract(metadata) {
      const span = extractW3c(metadata);
      return span && withRemoteSpan(base, span);
    },
  };
}

function doesAsW3c(propagator: TextMapPropagator, base: Context): boolean {
  const metadata: Record<string, string> = {};
  propagator.inject(trace.setSpanContext(base, sample), metadata, setter);
  const { traceparent: written, ...others } = metadata;
  if (written !== formatTraceparent(sample) || !isEmpty(others)) return false;
  return isSameSpan(trace.getSpanContext(propagator.extract(base, metadata, getter)), sample);
}

/** Most span contexts come from an SDK or were parsed: a look at the ids is enough. */
function isValid({ traceId, spanId }: SpanContext): boolean {
  return (
    traceId.length === 32 && spanId.length === 16 && traceId !== INVALID_TRACEID && spanId !== INVALID_SPANID
  );
}

function injectW3c(span: SpanContext): Readonly<Record<string, string>> {
  const value = formatTraceparent(span);
  const state = span.traceState?.serialize();
  return state === undefined || state === ""
    ? { traceparent: value }
    : { traceparent: value, tracestate: state };
}

function extractW3c(metadata: Readonly<Record<string, unknown>>): SpanContext | undefined {
  const { traceparent, tracestate } = metadata;
  if (typeof traceparent !== "string") return undefined;
  return parseTraceparent(traceparent, typeof tracestate === "string" ? tracestate : undefined);
}

const sample: SpanContext = { traceId: "5a".repeat(16), spanId: "a5".repeat(8), traceFlags: 1 };

function isW3cField(field: string): boolean {
  return field === "traceparent" || field === "tracestate" || field === "baggage";
}

import {
  type Baggage,
  type Context,
  INVALID_SPANID,
  INVALID_TRACEID,
  propagation,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import { maxEntries, maxValueLength } from "./bounds.js";
import { isEmpty, type Metadata } from "./carrier.js";
import { withRemoteSpan } from "./span-layer.js";
import { formatTraceparent, parseTraceparent } from "./traceparent.js";

/**
 * Turns the context of a message into metadata and back, by whichever propagator is in force. A message of one trace
 * without baggage, propagated as W3C Trace Context, is most messages, and takes a short cut.
 */
export class MetadataPropagator {
  private readonly isNoop: boolean;
  private readonly isW3c: boolean;
  private readonly streamWithoutBaggage: Context;

  constructor(
    private readonly propagator: TextMapPropagator,
    /** The stream's own context: that of messages without metadata. */
    private readonly stream: Context,
  ) {
    this.streamWithoutBaggage =
      propagation.getBaggage(stream) === undefined ? stream : propagation.deleteBaggage(stream);
    const fields = propagator.fields();
    this.isNoop = fields.length === 0;
    this.isW3c = fields.every(isW3cField) && this.doesAsW3c();
  }

  /** The metadata of a message that is sent in `ctx`; undefined when the stream's own context says the same. */
  inject(ctx: Context): Metadata | undefined {
    if (isSameTrace(ctx, this.stream)) return undefined;
    const span = trace.getSpanContext(ctx);
    if (this.isW3c && span !== undefined && isValid(span) && propagation.getBaggage(ctx) === undefined)
      return injectW3c(span);
    const metadata: Record<string, string> = {};
    this.propagator.inject(ctx, metadata, setter);
    return isEmpty(metadata) ? undefined : metadata;
  }

  /**
   * The context that metadata tells: the stream's with another remote parent, and the message's own baggage in place
   * of the stream's, since the two may be of different traces. Undefined when nothing in it can be used.
   *
   * @param metadata - what a peer sent: it is bounded and checked here
   */
  extract(metadata: Readonly<Record<string, unknown>>): Context | undefined {
    if (this.isNoop) return this.stream;
    if (!isBounded(metadata)) return undefined;
    const base = this.streamWithoutBaggage;
    if (this.isW3c && metadata[baggage] === undefined) {
      const span = extractW3c(metadata);
      return span && withRemoteSpan(base, span);
    }
    const extracted = this.propagator.extract(base, metadata, getter);
    return extracted === base ? undefined : extracted;
  }

  /** Field names are only a hint: a propagator may wrap W3C's, and have a policy of its own. A sample tells. */
  private doesAsW3c(): boolean {
    const metadata: Record<string, string> = {};
    const base = this.streamWithoutBaggage;
    this.propagator.inject(trace.setSpanContext(base, sample), metadata, setter);
    const { traceparent: written, ...others } = metadata;
    if (written !== formatTraceparent(sample) || !isEmpty(others)) return false;
    return isSameSpan(trace.getSpanContext(this.propagator.extract(base, metadata, getter)), sample);
  }
}

/** Whether two contexts belong to the same span and have the same baggage. */
export function isSameTrace(a: Context, b: Context): boolean {
  if (a === b) return true;
  return (
    isSameSpan(trace.getSpanContext(a), trace.getSpanContext(b)) &&
    isSameBaggage(propagation.getBaggage(a), propagation.getBaggage(b))
  );
}

function isSameSpan(a: SpanContext | undefined, b: SpanContext | undefined): boolean {
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

/** Most span contexts come from an SDK or were parsed: a look at the ids is enough. */
function isValid({ traceId, spanId }: SpanContext): boolean {
  return (
    traceId.length === 32 && spanId.length === 16 && traceId !== INVALID_TRACEID && spanId !== INVALID_SPANID
  );
}

function injectW3c(span: SpanContext): Metadata {
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

/** A peer may send what it likes; propagators write a handful of short values. */
function isBounded(metadata: Readonly<Record<string, unknown>>): boolean {
  let entries = 0;
  for (const key in metadata) {
    const value = metadata[key];
    if (++entries > maxEntries || typeof value !== "string" || value.length > maxValueLength) return false;
  }
  return true;
}

/** A propagator may not keep to its types, and a value that is no text would break the message. */
const setter: TextMapSetter<Record<string, string>> = {
  set(metadata, key, value) {
    metadata[key] = String(value);
  },
};

const getter: TextMapGetter<Readonly<Record<string, unknown>>> = {
  get(metadata, key) {
    const value = metadata[key];
    return typeof value === "string" ? value : undefined;
  },
  keys: (metadata) => Object.keys(metadata),
};

const traceparent = "traceparent";
const baggage = "baggage";

const sample: SpanContext = { traceId: "5a".repeat(16), spanId: "a5".repeat(8), traceFlags: 1 };

function isW3cField(field: string): boolean {
  return field === traceparent || field === "tracestate" || field === baggage;
}

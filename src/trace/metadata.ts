import { type Context, propagation, type TextMapPropagator } from "@opentelemetry/api";
import { w3cShortCut } from "#platform";
import { maxEntries, maxValueLength } from "./bounds.js";
import type { Metadata } from "./carrier.js";
import { isSameTrace } from "./same-trace.js";
import { getter, isEmpty, setter } from "./text-map.js";
import type { W3cShortCut } from "./w3c-short-cut.js";

/**
 * Turns the context of a message into metadata and back, by whichever propagator is in force. A message of one trace
 * without baggage, propagated as W3C Trace Context, is most messages, and takes a short cut on Node.
 */
export class MetadataPropagator {
  private readonly isNoop: boolean;
  private readonly shortCut: W3cShortCut | undefined;
  private readonly streamWithoutBaggage: Context;

  constructor(
    private readonly propagator: TextMapPropagator,
    /** The stream's own context: that of messages without metadata. */
    private readonly stream: Context,
  ) {
    this.streamWithoutBaggage =
      propagation.getBaggage(stream) === undefined ? stream : propagation.deleteBaggage(stream);
    this.isNoop = propagator.fields().length === 0;
    this.shortCut = w3cShortCut(propagator, this.streamWithoutBaggage);
  }

  /** The metadata of a message that is sent in `ctx`; undefined when the stream's own context says the same. */
  inject(ctx: Context): Metadata | undefined {
    if (isSameTrace(ctx, this.stream)) return undefined;
    const written = this.shortCut?.inject(ctx);
    if (written !== undefined) return written;
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
    const { shortCut, streamWithoutBaggage: base } = this;
    if (shortCut !== undefined && metadata.baggage === undefined) return shortCut.extract(metadata);
    const extracted = this.propagator.extract(base, metadata, getter);
    return extracted === base ? undefined : extracted;
  }
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

import { type Attributes, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { ReadableSpanLike } from "../telemetry/sdk-types.js";
import { stable } from "./stable-attributes.js";

/**
 * A span as tests compare it. Spans, and the traces that began with one of them, are numbered in the order in which they
 * began: `span 1`, `trace 1`; ids from elsewhere stay as they are. What differs from run to run is replaced by what it
 * is: `<port>`, `<frames>`. Parts that say nothing are left out: no parent, no links, no events, a status that is unset,
 * sampled, ended.
 */
export interface TestSpan {
  readonly kind: Lowercase<keyof typeof SpanKind>;
  readonly name: string;
  readonly trace: string;
  readonly span: string;
  /** `span 1`; from another process or message `remote span 1`. */
  readonly parent?: string;
  /** `span 1 of trace 1`, with `remote` in front as for parents, each with its attributes where it has any. */
  readonly links?: readonly (string | readonly [link: string, attributes: Attributes])[];
  readonly attributes: Attributes;
  /** `ok`, `error`, or `error: description`. */
  readonly status?: string;
  readonly events?: readonly (readonly [name: string, attributes: Attributes])[];
  /** Recorded, and not sampled. */
  readonly sampled?: false;
  readonly ended?: false;
}

/** Spans, in the order in which they began, as tests compare them. */
export function comparable(spans: readonly ReadableSpanLike[]): readonly TestSpan[] {
  const names = new Names(spans);
  return spans.map((span) => testSpan(span, names));
}

function testSpan(span: ReadableSpanLike, names: Names): TestSpan {
  const context = span.spanContext();
  const links = span.links.map(({ context: linked, attributes }) => {
    const link = `${names.span(linked)} of ${names.trace(linked)}`;
    return attributes === undefined ? link : ([link, attributes] as const);
  });
  const events = span.events.map(({ name, attributes = {} }) => [name, stable(attributes)] as const);
  return {
    kind: SpanKind[span.kind]?.toLowerCase() as TestSpan["kind"],
    name: span.name,
    trace: names.trace(context),
    span: names.span(context),
    ...(span.parentSpanContext && { parent: names.span(span.parentSpanContext) }),
    ...(links.length > 0 && { links }),
    attributes: stable(span.attributes),
    ...(span.status.code !== SpanStatusCode.UNSET && { status: statusOf(span) }),
    ...(events.length > 0 && { events }),
    ...((context.traceFlags & TraceFlags.SAMPLED) === 0 && { sampled: false }),
    ...(!span.ended && { ended: false }),
  };
}

/** What spans and traces are called in place of their ids. */
class Names {
  private readonly spans: ReadonlyMap<string, string>;
  private readonly traces: ReadonlyMap<string, string>;

  constructor(spans: readonly ReadableSpanLike[]) {
    const roots = spans.filter(({ parentSpanContext }) => parentSpanContext === undefined);
    const ids = (list: readonly ReadableSpanLike[], id: "spanId" | "traceId") =>
      list.map((span) => span.spanContext()[id]);
    this.spans = numbered("span", ids(spans, "spanId"));
    this.traces = numbered("trace", ids(roots, "traceId"));
  }

  span({ spanId, isRemote }: SpanContext): string {
    return `${isRemote === true ? "remote " : ""}${this.spans.get(spanId) ?? spanId}`;
  }

  trace({ traceId }: SpanContext): string {
    return this.traces.get(traceId) ?? traceId;
  }
}

/** Gives each id that has no name yet the next one. */
function numbered(what: string, ids: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(ids)].map((id, i) => [id, `${what} ${i + 1}`]));
}

function statusOf({ status }: ReadableSpanLike): string {
  const code = status.code === SpanStatusCode.ERROR ? "error" : "ok";
  return status.message === undefined ? code : `${code}: ${status.message}`;
}

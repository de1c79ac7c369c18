import { type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { ReadableSpanLike } from "../../src/telemetry/sdk-types.js";

/** What a test says of a span; the rest is as it is most often. */
export interface EndedSpan {
  readonly trace?: string;
  /** The span id is this digit, sixteen times. */
  readonly id: string;
  readonly parent?: string;
  readonly isRemote?: boolean;
  readonly name?: string;
  readonly service?: string;
  readonly kind?: SpanKind;
  /** In milliseconds. */
  readonly start?: number;
  readonly end?: number;
  readonly status?: ReadableSpanLike["status"];
  readonly attributes?: ReadableSpanLike["attributes"];
  readonly links?: ReadableSpanLike["links"];
  readonly events?: ReadableSpanLike["events"];
}

/** A span as an exporter gets it. */
export function endedSpan(span: EndedSpan): ReadableSpanLike {
  const { trace = "a", id, parent, start = 0, end = 1, service = "chat", status } = span;
  const startTime = hrTime(start);
  return {
    name: span.name ?? `span ${id}`,
    kind: span.kind ?? SpanKind.INTERNAL,
    spanContext: () => spanContext(trace, id),
    ...(parent !== undefined && {
      parentSpanContext: { ...spanContext(trace, parent), isRemote: span.isRemote ?? false },
    }),
    startTime,
    endTime: hrTime(end),
    duration: hrTime(end - start),
    status: status ?? { code: SpanStatusCode.UNSET },
    attributes: span.attributes ?? {},
    links: span.links ?? [],
    events: span.events ?? [],
    ended: true,
    resource: { attributes: { "service.name": service } },
    instrumentationScope: { name: "test" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** The context of a span of {@link endedSpan}: 32 times the digit of its trace, 16 times its own. */
export function spanContext(trace: string, id: string): SpanContext {
  return { traceId: trace.repeat(32), spanId: id.repeat(16), traceFlags: TraceFlags.SAMPLED };
}

function hrTime(ms: number): [number, number] {
  return [1_700_000_000 + Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}

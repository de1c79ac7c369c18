import {
  type Attributes,
  type AttributeValue,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  type ReadableSpan,
  type Span,
  type SpanProcessor,
  TracerProvider,
  type TracerProviderOptions,
} from "@opentelemetry/sdk-trace";
import type { Side, TraceOptions } from "connect-clue";
import { until } from "./until.js";

/**
 * A span as tests compare it. Spans, and the traces that began with one of them, are numbered in the order in which they
 * began: `span 1`, `trace 1`; ids from elsewhere stay as they are. What differs from run to run is replaced by what it is: `<port>`, `<frames>`. Parts
 * that say nothing are left out: no parent, no links, no events, a status that is unset, sampled, ended.
 */
export interface SeenSpan {
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

/** A tracer provider and a propagator that register nothing, and all spans that were started with them. */
export class Traces implements SpanProcessor {
  /** Every span, in the order in which they began. */
  readonly started: Span[] = [];
  /** The attributes that each span began with, in the same order. */
  readonly attributesAtStart: Attributes[] = [];
  /** The tracer provider and the propagator, as the interceptors' `trace` option takes them. */
  readonly options: Required<Pick<TraceOptions, "tracerProvider" | "propagator">>;

  /**
   * @param provider - more options of the tracer provider: a sampler, further processors
   * @param propagator - default: W3C Trace Context and Baggage
   */
  constructor(provider: TracerProviderOptions = {}, propagator: TraceOptions["propagator"] = w3c()) {
    const spanProcessors = [this, ...(provider.spanProcessors ?? [])];
    this.options = { tracerProvider: new TracerProvider({ ...provider, spanProcessors }), propagator };
  }

  /** All spans so far, whole. */
  get spans(): SeenSpan[] {
    return seen(this.started);
  }

  /** All spans, whole, once there are `count` of them and each has ended. */
  async ended(count: number): Promise<SeenSpan[]> {
    await until(() => this.started.length >= count && this.started.every((span) => span.ended));
    return this.spans;
  }

  onStart(span: Span): void {
    this.started.push(span);
    this.attributesAtStart.push({ ...span.attributes });
  }

  onEnd(): void {}

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** W3C Trace Context and Baggage, as most services have them. */
export function w3c(): CompositePropagator {
  return new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });
}

/** Spans, in the order in which they began, as tests compare them. */
export function seen(spans: readonly ReadableSpan[]): SeenSpan[] {
  const roots = spans.filter(({ parentSpanContext }) => parentSpanContext === undefined);
  const traceNames = numbered(
    "trace",
    roots.map((span) => span.spanContext().traceId),
  );
  const spanNames = numbered(
    "span",
    spans.map((span) => span.spanContext().spanId),
  );
  const traceOf = ({ traceId }: SpanContext) => traceNames.get(traceId) ?? traceId;
  const spanOf = ({ spanId, isRemote }: SpanContext) =>
    `${isRemote === true ? "remote " : ""}${spanNames.get(spanId) ?? spanId}`;

  return spans.map((span) => {
    const context = span.spanContext();
    const links = span.links.map(({ context: linked, attributes }) => {
      const link = `${spanOf(linked)} of ${traceOf(linked)}`;
      return attributes === undefined ? link : ([link, attributes] as const);
    });
    const events = span.events.map(
      ({ name, attributes = {} }) => [name, withoutVolatile(attributes)] as const,
    );
    return {
      kind: SpanKind[span.kind]?.toLowerCase() as SeenSpan["kind"],
      name: span.name,
      trace: traceOf(context),
      span: spanOf(context),
      ...(span.parentSpanContext && { parent: spanOf(span.parentSpanContext) }),
      ...(links.length > 0 && { links }),
      attributes: withoutVolatile(span.attributes),
      ...(span.status.code !== SpanStatusCode.UNSET && { status: statusOf(span) }),
      ...(events.length > 0 && { events }),
      ...((context.traceFlags & TraceFlags.SAMPLED) === 0 && { sampled: false }),
      ...(!span.ended && { ended: false }),
    };
  });
}

/**
 * The attributes that the span of a call of the chat service begins with.
 *
 * @param http - how the call travels, as `startChat` has it
 */
export function rpcAttributes(side: Side, method: string, http: "memory" | "1.1" | "2" = "2"): Attributes {
  const inMemory = http === "memory";
  return {
    "rpc.system.name": "connectrpc",
    "rpc.method": `chat.v1.ChatService/${method}`,
    "server.address": inMemory ? "in-memory" : "127.0.0.1",
    "server.port": inMemory ? 443 : "<port>",
    ...(side === "server" &&
      !inMemory && { "network.peer.address": "127.0.0.1", "network.peer.port": "<port>" }),
  };
}

/** Gives each id that has no name yet the next one. */
function numbered(what: string, ids: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(ids)].map((id, i) => [id, `${what} ${i + 1}`]));
}

function statusOf({ status }: ReadableSpan): string {
  const code = SpanStatusCode[status.code].toLowerCase();
  return status.message === undefined ? code : `${code}: ${status.message}`;
}

function withoutVolatile(attributes: Attributes): Attributes {
  const entries = Object.entries(attributes).map(([key, value = ""]) => [
    key,
    volatile[key]?.(value) ?? value,
  ]);
  return Object.fromEntries(entries);
}

/** Ports that the system chose, and stacks without their frames. */
const volatile: Readonly<Record<string, (value: AttributeValue) => AttributeValue>> = {
  "server.port": portName,
  "network.peer.port": portName,
  "exception.stacktrace": (value) =>
    typeof value === "string" ? value.replace(/(\n +at .*)+/g, "\n<frames>") : value,
};

/** A port that the system chose has no number to compare. */
export function portName(port: AttributeValue): AttributeValue {
  return typeof port === "number" && port >= 1024 ? "<port>" : port;
}

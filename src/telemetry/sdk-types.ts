import type {
  Attributes,
  Context,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanStatus,
  TraceState,
} from "@opentelemetry/api";

// OpenTelemetry's SDK packages are optional peers, and differ in their two lines. What they and the kit hand each
// other is described here by shape, so that the kit's types need none of them: the SDK's own objects fit these types,
// and objects of these types fit where the SDK takes its own.

/** A sampler: OpenTelemetry's `Sampler`, by shape. */
export interface SamplerLike {
  /**
   * Decides about one span before it starts.
   *
   * @param context - the parent's context
   * @param traceId - the new span's trace id: 32 hex digits
   * @param spanName - its name
   * @param spanKind - its kind
   * @param attributes - the attributes that it starts with
   * @param links - its links
   */
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResultLike;
  /** Names the sampler and its settings. */
  toString(): string;
}

/** What a sampler says: OpenTelemetry's `SamplingResult`, by shape. */
export interface SamplingResultLike {
  /** 0 drops the span, 1 records it unsampled, 2 records and samples it: the members of {@link Decision}. */
  decision: number;
  /** More attributes for the span. */
  attributes?: Readonly<Attributes>;
  /** The new span's `tracestate`; the parent's when absent. */
  traceState?: TraceState;
}

/** The values of OpenTelemetry's `SamplingDecision`. */
export const Decision = { notRecord: 0, record: 1, recordAndSample: 2 } as const;

/** Where spans come from: OpenTelemetry's `Resource`, by shape. */
export interface ResourceLike {
  /** What is known of the service and its surroundings. */
  readonly attributes: Attributes;
  /** Resolves when the attributes that take time to find out are there. */
  waitForAsyncAttributes?(): Promise<void>;
}

/** The library or component that made a span: OpenTelemetry's `InstrumentationScope`, by shape. */
export interface ScopeLike {
  /** Its name, in most cases that of a package. */
  readonly name: string;
  /** Its version. */
  readonly version?: string;
  /** The schema that its attributes follow. */
  readonly schemaUrl?: string;
}

/** Something that happened at one moment of a span: OpenTelemetry's `TimedEvent`, by shape. */
export interface TimedEventLike {
  /** When: seconds since the epoch, and nanoseconds. */
  time: HrTime;
  /** What. */
  name: string;
  /** What is known of it. */
  attributes?: Attributes;
  /** How many more attributes there were. */
  droppedAttributesCount?: number;
}

/** A span that can be read, in most cases after its end: OpenTelemetry's `ReadableSpan`, by shape. */
export interface ReadableSpanLike {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly events: TimedEventLike[];
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly resource: ResourceLike;
  readonly instrumentationScope: ScopeLike;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** Hears of spans as they start and end: OpenTelemetry's `SpanProcessor`, by shape. */
export interface SpanProcessorLike {
  /** A recording span has started. */
  onStart(span: Span & ReadableSpanLike, parentContext: Context): void;
  /** A recording span is about to end. */
  onEnding?(span: Span & ReadableSpanLike): void;
  /** A recording span has ended. */
  onEnd(span: ReadableSpanLike): void;
  /** Hands on all ended spans. */
  forceFlush(): Promise<void>;
  /** Hands on all ended spans and takes no more. */
  shutdown(): Promise<void>;
}

/** How an export went: OpenTelemetry's `ExportResult`, by shape. */
export interface ExportResultLike {
  /** 0 is success: see {@link ExportCode}. */
  code: number;
  /** Why it failed. */
  error?: Error;
}

/** The values of OpenTelemetry's `ExportResultCode`. */
export const ExportCode = { success: 0, failed: 1 } as const;

/** Sends spans somewhere: OpenTelemetry's `SpanExporter`, by shape. */
export interface SpanExporterLike {
  /**
   * Sends spans.
   *
   * @param spans - ended spans
   * @param resultCallback - called once, when it is known how it went
   */
  export(spans: ReadableSpanLike[], resultCallback: (result: ExportResultLike) => void): void;
  /** Sends what is held back. */
  forceFlush?(): Promise<void>;
  /** Sends what is held back and stops. */
  shutdown(): Promise<void>;
}

/** One collection of all metrics: OpenTelemetry's `ResourceMetrics`, by shape. */
export interface ResourceMetricsLike {
  resource: ResourceLike;
  scopeMetrics: ScopeMetricsLike[];
}

/** The metrics of one meter: OpenTelemetry's `ScopeMetrics`, by shape. */
export interface ScopeMetricsLike {
  scope: ScopeLike;
  metrics: MetricDataLike[];
}

/** One metric and its values: what all kinds of OpenTelemetry's `MetricData` have, by shape. */
export interface MetricDataLike {
  readonly descriptor: { readonly name: string; readonly description: string; readonly unit: string };
  readonly dataPoints: {
    readonly startTime: HrTime;
    readonly endTime: HrTime;
    readonly attributes: Attributes;
    readonly value: unknown;
  }[];
}

/** Sends metrics somewhere: OpenTelemetry's `PushMetricExporter`, by shape. */
export interface MetricExporterLike {
  /**
   * Sends one collection of metrics.
   *
   * @param metrics - the values of all metrics
   * @param resultCallback - called once, when it is known how it went
   */
  export(metrics: ResourceMetricsLike, resultCallback: (result: ExportResultLike) => void): void;
  /** Whether values are sent as totals (1, cumulative) or since the last time (0, delta). Default: totals. */
  selectAggregationTemporality?(instrumentType: string): number;
  /** Sends what is held back. */
  forceFlush(): Promise<void>;
  /** Sends what is held back and stops. */
  shutdown(): Promise<void>;
}

/** Collects metrics, by its own clock or when it is asked: OpenTelemetry's `MetricReader`, by shape. */
export interface MetricReaderLike {
  /** Called once, by the meter provider: where to collect from. */
  setMetricProducer(metricProducer: MetricProducerLike): void;
  /** How the values of a kind of instrument are put together. */
  selectAggregation(instrumentType: string): { type: number };
  /** Whether values are read as totals (1, cumulative) or since the last time (0, delta). */
  selectAggregationTemporality(instrumentType: string): number;
  /** How many sets of attributes one instrument may have. */
  selectCardinalityLimit(instrumentType: string): number;
  /** Collects all metrics now. */
  collect(options?: TimeoutOptions): Promise<CollectionResultLike>;
  /** Sends what is held back. */
  forceFlush(options?: TimeoutOptions): Promise<void>;
  /** Sends what is held back and stops. */
  shutdown(options?: TimeoutOptions): Promise<void>;
}

/** Where a reader collects from: OpenTelemetry's `MetricProducer`, by shape. */
export interface MetricProducerLike {
  collect(options?: TimeoutOptions): Promise<CollectionResultLike>;
}

/** What a collection gave: OpenTelemetry's `CollectionResult`, by shape. */
export interface CollectionResultLike {
  resourceMetrics: ResourceMetricsLike;
  errors: unknown[];
}

/** How long something may take. */
export interface TimeoutOptions {
  /** In milliseconds. */
  timeoutMillis?: number;
}

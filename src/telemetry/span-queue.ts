import { type Context, type Span, TraceFlags } from "@opentelemetry/api";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { type Delivery, deliverSpans } from "./delivery.js";
import { envNumber } from "./environment.js";
import type { ReadableSpanLike, SpanExporterLike, SpanProcessorLike } from "./sdk-types.js";

/**
 * The SDK's batch processor in front of an exporter: ended spans wait in a queue of bounded length and are sent in
 * batches. `OTEL_BSP_*` set its sizes and times.
 */
export class SpanQueue implements SpanProcessorLike {
  private readonly batches: SpanProcessorLike;
  private readonly capacity: number;

  constructor(
    private readonly exporter: SpanExporterLike,
    private readonly delivery: Delivery,
  ) {
    this.capacity = envNumber("OTEL_BSP_MAX_QUEUE_SIZE", 1) ?? 2048;
    this.batches = new BatchSpanProcessor({
      exporter: deliverSpans(exporter, delivery),
      maxQueueSize: this.capacity,
      maxExportBatchSize: Math.min(envNumber("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1) ?? 512, this.capacity),
      scheduledDelayMillis: envNumber("OTEL_BSP_SCHEDULE_DELAY") ?? 5000,
      exportTimeoutMillis: envNumber("OTEL_BSP_EXPORT_TIMEOUT") ?? 30_000,
    });
  }

  onStart(span: Span & ReadableSpanLike, parentContext: Context): void {
    this.batches.onStart(span, parentContext);
  }

  /** What comes when the queue is full is turned away here: the SDK would not tell how many. */
  onEnd(span: ReadableSpanLike): void {
    const isSampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
    if (isSampled && this.delivery.enqueue(this.capacity)) this.batches.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    await this.batches.forceFlush();
    await this.exporter.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.batches.shutdown();
  }
}

import type { Context, Span } from "@opentelemetry/api";
import { reportFault } from "../call/fault.js";
import type { ReadableSpanLike, SpanProcessorLike } from "./sdk-types.js";
import { settle } from "./telemetry-signal.js";

/** Several processors as one. What one of them does wrong reaches neither the call nor the others. */
export class SpanProcessors implements SpanProcessorLike {
  constructor(
    private readonly list: readonly SpanProcessorLike[],
    /** Hears of a flush or a shutdown that failed. */
    private readonly onError: (error: unknown) => void,
  ) {}

  onStart(span: Span & ReadableSpanLike, parentContext: Context): void {
    this.tell((processor) => processor.onStart(span, parentContext));
  }

  onEnding(span: Span & ReadableSpanLike): void {
    this.tell((processor) => processor.onEnding?.(span));
  }

  onEnd(span: ReadableSpanLike): void {
    this.tell((processor) => processor.onEnd(span));
  }

  forceFlush(): Promise<void> {
    return settle(this.list, (processor) => processor.forceFlush(), this.onError);
  }

  shutdown(): Promise<void> {
    return settle(this.list, (processor) => processor.shutdown(), this.onError);
  }

  private tell(event: (processor: SpanProcessorLike) => void): void {
    for (const processor of this.list) {
      try {
        event(processor);
      } catch (error) {
        reportFault(processor, "a span processor", error);
      }
    }
  }
}

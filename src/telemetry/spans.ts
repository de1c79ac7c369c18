import type { TracerProvider } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import { TracerProvider as SdkTracerProvider } from "@opentelemetry/sdk-trace";
import { type BufferSpansOptions, bufferSpans } from "./buffered-spans.js";
import { defaultSampler } from "./default-sampler.js";
import { Delivery } from "./delivery.js";
import { envNumber } from "./environment.js";
import { forcedSampler } from "./forced-sampler.js";
import type { SamplerLike, SpanExporterLike, SpanProcessorLike } from "./sdk-types.js";
import { SpanProcessors } from "./span-processors.js";
import { SpanQueue } from "./span-queue.js";
import type { Signal } from "./telemetry-signal.js";

/** The tracer provider, and the way that its spans go. */
export interface Spans extends Signal {
  readonly provider: TracerProvider;
}

/** What spans are made of. */
export interface SpansOptions {
  readonly spanExporter?: SpanExporterLike;
  readonly spanProcessors?: readonly SpanProcessorLike[];
  readonly sampler?: SamplerLike;
  readonly bufferSpans?: BufferSpansOptions;
}

/** Makes the tracer provider; nothing where no spans are to go anywhere. */
export function startSpans(
  options: SpansOptions,
  resource: () => Resource,
  onError: (error: Error) => void,
): Spans | undefined {
  const { spanExporter, spanProcessors = [] } = options;
  if (spanExporter === undefined && spanProcessors.length === 0) return undefined;
  const delivery = new Delivery("span", onError);
  const queue = spanExporter === undefined ? [] : [new SpanQueue(spanExporter, delivery)];
  const all = new SpanProcessors([...queue, ...spanProcessors], (error) => delivery.problem(error));
  const { sampler, processor } = buffered(options, all);
  const provider = new SdkTracerProvider({
    resource: resource(),
    sampler: forcedSampler(sampler),
    spanProcessors: [processor],
    spanLimits: spanLimits(),
  });
  return {
    provider,
    delivery,
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}

function buffered(
  options: SpansOptions,
  processor: SpanProcessorLike,
): { sampler: SamplerLike; processor: SpanProcessorLike } {
  const sampler = options.sampler ?? defaultSampler();
  return options.bufferSpans === undefined
    ? { sampler, processor }
    : bufferSpans(options.bufferSpans, sampler, processor);
}

/** What the environment says of how much a span holds. The SDK reads none of it. */
function spanLimits(): Readonly<Record<string, number>> {
  const limits = {
    attributeCountLimit:
      envNumber("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT") ?? envNumber("OTEL_ATTRIBUTE_COUNT_LIMIT"),
    attributeValueLengthLimit:
      envNumber("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT") ?? envNumber("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
    eventCountLimit: envNumber("OTEL_SPAN_EVENT_COUNT_LIMIT"),
    linkCountLimit: envNumber("OTEL_SPAN_LINK_COUNT_LIMIT"),
    attributePerEventCountLimit: envNumber("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"),
    attributePerLinkCountLimit: envNumber("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"),
  };
  const said = Object.entries(limits).filter((limit): limit is [string, number] => limit[1] !== undefined);
  return Object.fromEntries(said);
}

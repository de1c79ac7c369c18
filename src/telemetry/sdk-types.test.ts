import type { OTLPMetricExporter as GrpcMetrics } from "@opentelemetry/exporter-metrics-otlp-grpc";
import type { OTLPMetricExporter as HttpMetrics } from "@opentelemetry/exporter-metrics-otlp-proto";
import type { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import type { OTLPTraceExporter as GrpcSpans } from "@opentelemetry/exporter-trace-otlp-grpc";
import type { OTLPTraceExporter as HttpSpans } from "@opentelemetry/exporter-trace-otlp-proto";
import type { Resource } from "@opentelemetry/resources";
import type { IMetricReader, MetricReader, PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { ReadableSpan, Sampler, Span, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { describe, expectTypeOf, it } from "vitest";
import type {
  MetricExporterLike,
  MetricReaderLike,
  ReadableSpanLike,
  ResourceLike,
  SamplerLike,
  SpanExporterLike,
  SpanProcessorLike,
} from "./sdk-types.js";

/*
 * The SDK's own objects fit the kit's types, and what the kit makes fits where the SDK takes its own. Nothing here
 * runs: `tsc` is the test.
 */

describe("the SDK's own objects", () => {
  it("fit the kit's types", () => {
    expectTypeOf<Sampler>().toExtend<SamplerLike>();
    expectTypeOf<SpanProcessor>().toExtend<SpanProcessorLike>();
    expectTypeOf<ReadableSpan>().toExtend<ReadableSpanLike>();
    expectTypeOf<Span>().toExtend<ReadableSpanLike>();
    expectTypeOf<SpanExporter>().toExtend<SpanExporterLike>();
    expectTypeOf<PushMetricExporter>().toExtend<MetricExporterLike>();
    expectTypeOf<IMetricReader>().toExtend<MetricReaderLike>();
    expectTypeOf<MetricReader>().toExtend<MetricReaderLike>();
    expectTypeOf<Resource>().toExtend<ResourceLike>();
  });

  it("and so do the exporters", () => {
    expectTypeOf<GrpcSpans>().toExtend<SpanExporterLike>();
    expectTypeOf<HttpSpans>().toExtend<SpanExporterLike>();
    expectTypeOf<GrpcMetrics>().toExtend<MetricExporterLike>();
    expectTypeOf<HttpMetrics>().toExtend<MetricExporterLike>();
    expectTypeOf<PrometheusExporter>().toExtend<MetricReaderLike>();
  });
});

describe("what the kit makes", () => {
  it("fits where the SDK takes its own", () => {
    expectTypeOf<SamplerLike>().toExtend<Sampler>();
    expectTypeOf<SpanProcessorLike>().toExtend<SpanProcessor>();
    expectTypeOf<SpanExporterLike>().toExtend<SpanExporter>();
    expectTypeOf<MetricExporterLike>().toExtend<PushMetricExporter>();
  });
});

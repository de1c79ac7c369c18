import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { createEmptyMetadata } from "@opentelemetry/otlp-grpc-exporter-base";
import {
  checkOtlp,
  otlpConfig,
  type SharedOtlpOptions,
  type Temporality,
  temporalityConfig,
} from "../otlp/shared-options.js";
import type { MetricExporterLike, SpanExporterLike } from "../telemetry/sdk-types.js";

/**
 * Options of {@link otlpSpans}. What is not said here is read from the environment, by the exporter itself:
 * `OTEL_EXPORTER_OTLP_…` and, before it, `OTEL_EXPORTER_OTLP_TRACES_…` or `…_METRICS_…`, such as `ENDPOINT`, `HEADERS`,
 * `TIMEOUT`, `COMPRESSION`, `CERTIFICATE`, `CLIENT_CERTIFICATE`, `CLIENT_KEY`. `PROTOCOL` is not read: the import decides it.
 */
export interface OtlpGrpcOptions extends SharedOtlpOptions {
  /**
   * Where the collector is: `http://host:port` without TLS; `https://host:port`, or `host:port` alone, with it. A path has
   * no meaning. Default `http://localhost:4317`.
   */
  readonly url?: string;
}

/** Options of {@link otlpMetrics}. */
export interface OtlpGrpcMetricsOptions extends OtlpGrpcOptions {
  /**
   * Whether values are sent as totals, as differences to the last time, or as what takes the least memory. Default:
   * `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, else `cumulative`.
   */
  readonly temporality?: Temporality;
}

/**
 * An exporter that sends spans to a collector in OpenTelemetry's own protocol, OTLP, over gRPC.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * configureOpenTelemetry({ service: "chat", spanExporter: otlpSpans({ url: "http://collector:4317" }) });
 */
export function otlpSpans(options: OtlpGrpcOptions = {}): SpanExporterLike {
  checkOtlp("otlpSpans", options, address);
  return new OTLPTraceExporter(grpcConfig(options));
}

/**
 * An exporter that sends metrics to a collector in OpenTelemetry's own protocol, OTLP, over gRPC.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function otlpMetrics(options: OtlpGrpcMetricsOptions = {}): MetricExporterLike {
  checkOtlp("otlpMetrics", options, address, ["temporality"]);
  return new OTLPMetricExporter({
    ...grpcConfig(options),
    ...temporalityConfig("otlpMetrics", options.temporality),
  });
}

const address = { example: "http://collector:4317", isGood: isTarget };

function grpcConfig(options: OtlpGrpcOptions): object {
  const { url, headers } = options;
  return {
    ...otlpConfig(options),
    ...(url !== undefined && { url }),
    ...(headers !== undefined && { metadata: metadataOf(headers) }),
  };
}

/** The exporters take gRPC's own object. Their base makes it, and loads grpc-js only then, when instrumentations are in place. */
function metadataOf(headers: Readonly<Record<string, string>>): object {
  const metadata = createEmptyMetadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

/** The gRPC exporters take `host:port`, too. */
function isTarget(text: string): boolean {
  return URL.canParse(text.includes("://") ? text : `https://${text}`);
}

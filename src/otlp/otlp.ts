import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import type { MetricExporterLike, SpanExporterLike } from "../telemetry/sdk-types.js";
import {
  checkOtlp,
  otlpConfig,
  type SharedOtlpOptions,
  type Temporality,
  temporalityConfig,
} from "./shared-options.js";

/**
 * Options of {@link otlpSpans}. What is not said here is read from the environment, by the exporter itself:
 * `OTEL_EXPORTER_OTLP_…` and, before it, `OTEL_EXPORTER_OTLP_TRACES_…` or `…_METRICS_…`, such as `ENDPOINT`, `HEADERS`,
 * `TIMEOUT`, `COMPRESSION`, `CERTIFICATE`, `CLIENT_CERTIFICATE`, `CLIENT_KEY`. `PROTOCOL` is not read: the import decides it.
 */
export interface OtlpOptions extends SharedOtlpOptions {
  /**
   * The collector's base URL, as in `OTEL_EXPORTER_OTLP_ENDPOINT`: `/v1/traces` or `/v1/metrics` is appended, unless the URL
   * ends in it already. Default `http://localhost:4318`.
   */
  readonly url?: string;
}

/** Options of {@link otlpMetrics}. */
export interface OtlpMetricsOptions extends OtlpOptions {
  /**
   * Whether values are sent as totals, as differences to the last time, or as what takes the least memory. Default:
   * `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, else `cumulative`.
   */
  readonly temporality?: Temporality;
}

/**
 * An exporter that sends spans to a collector in OpenTelemetry's own protocol, OTLP, over HTTP with protobuf.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * configureOpenTelemetry({ service: "chat", spanExporter: otlpSpans({ url: "http://collector:4318" }) });
 */
export function otlpSpans(options: OtlpOptions = {}): SpanExporterLike {
  checkOtlp("otlpSpans", options, address);
  return new OTLPTraceExporter(httpConfig(options, "v1/traces"));
}

/**
 * An exporter that sends metrics to a collector in OpenTelemetry's own protocol, OTLP, over HTTP with protobuf.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function otlpMetrics(options: OtlpMetricsOptions = {}): MetricExporterLike {
  checkOtlp("otlpMetrics", options, address, ["temporality"]);
  return new OTLPMetricExporter({
    ...httpConfig(options, "v1/metrics"),
    ...temporalityConfig("otlpMetrics", options.temporality),
  });
}

const address = { example: "http://collector:4318", isGood: isHttp };

function httpConfig(options: OtlpOptions, path: string): object {
  const { url, headers } = options;
  return {
    ...otlpConfig(options),
    ...(url !== undefined && { url: withPath(url, path) }),
    ...(headers !== undefined && { headers }),
  };
}

function withPath(base: string, path: string): string {
  const url = new URL(base);
  const given = url.pathname.replace(/\/+$/, "");
  if (!given.endsWith(`/${path}`)) url.pathname = `${given}/${path}`;
  return url.href;
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:/i.test(url);
}

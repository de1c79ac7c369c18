import { check, checkChoice, checkMs } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { envChoice } from "./environment.js";
import { loadPeer } from "./peers.js";
import type { MetricExporterLike, SpanExporterLike } from "./sdk-types.js";

/**
 * Options of {@link otlpSpans} and {@link otlpMetrics}. What is not said here is read from the environment, by the
 * exporters themselves: `OTEL_EXPORTER_OTLP_…` and, before it, `OTEL_EXPORTER_OTLP_TRACES_…` or `…_METRICS_…`, such as
 * `ENDPOINT`, `HEADERS`, `TIMEOUT`, `COMPRESSION`, `CERTIFICATE`, `CLIENT_CERTIFICATE`, `CLIENT_KEY`.
 */
export interface OtlpOptions {
  /** Default: `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` (`…_METRICS_…`), `OTEL_EXPORTER_OTLP_PROTOCOL`, else `http/protobuf`. */
  readonly protocol?: OtlpProtocol;
  /**
   * Where the collector is.
   *
   * - `http/protobuf`: its base URL, as in `OTEL_EXPORTER_OTLP_ENDPOINT`: `/v1/traces` or `/v1/metrics` is appended, unless
   *   the URL ends in it already. Default `http://localhost:4318`.
   * - `grpc`: `http://host:port` without TLS; `https://host:port`, or `host:port` alone, with it. A path has no meaning.
   *   Default `http://localhost:4317`.
   */
  readonly url?: string;
  /** Headers of each request, for `grpc` its metadata. Those of the environment that have other names are sent, too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long one export may take, with all its retries, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default `none`. */
  readonly compression?: "none" | "gzip";
}

/** How OTLP goes over the wire. */
export type OtlpProtocol = (typeof protocols)[number];

/** Options of {@link otlpMetrics}. */
export interface OtlpMetricsOptions extends OtlpOptions {
  /**
   * Whether values are sent as totals, as differences to the last time, or as what takes the least memory. Default:
   * `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, else `cumulative`.
   */
  readonly temporality?: "cumulative" | "delta" | "lowmemory";
}

/**
 * An exporter that sends spans to a collector in OpenTelemetry's own protocol, OTLP.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 * @throws Error when the exporter's package is not installed, naming it: `@opentelemetry/exporter-trace-otlp-proto`, or
 *   `…-grpc`
 *
 * @example
 * configureOpenTelemetry({ service: "chat", spanExporter: otlpSpans({ url: "http://collector:4318" }) });
 */
export function otlpSpans(options: OtlpOptions = {}): SpanExporterLike {
  checkKnown("otlpSpans", options, otlpOptionNames);
  const isGrpc = protocolOf(options, "TRACES") === "grpc";
  checkOtlp("otlpSpans", options, isGrpc);
  const { OTLPTraceExporter } = isGrpc
    ? loadPeer("@opentelemetry/exporter-trace-otlp-grpc", "otlpSpans over grpc")
    : loadPeer("@opentelemetry/exporter-trace-otlp-proto", "otlpSpans over http/protobuf");
  return new OTLPTraceExporter(exporterConfig(options, "TRACES", isGrpc));
}

/**
 * An exporter that sends metrics to a collector in OpenTelemetry's own protocol, OTLP.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 * @throws Error when the exporter's package is not installed, naming it: `@opentelemetry/exporter-metrics-otlp-proto`, or
 *   `…-grpc`
 */
export function otlpMetrics(options: OtlpMetricsOptions = {}): MetricExporterLike {
  checkKnown("otlpMetrics", options, [...otlpOptionNames, "temporality"]);
  const { temporality } = options;
  checkChoice("otlpMetrics: temporality", temporality, Object.keys(temporalities));
  const isGrpc = protocolOf(options, "METRICS") === "grpc";
  checkOtlp("otlpMetrics", options, isGrpc);
  const { OTLPMetricExporter } = isGrpc
    ? loadPeer("@opentelemetry/exporter-metrics-otlp-grpc", "otlpMetrics over grpc")
    : loadPeer("@opentelemetry/exporter-metrics-otlp-proto", "otlpMetrics over http/protobuf");
  return new OTLPMetricExporter({
    ...exporterConfig(options, "METRICS", isGrpc),
    ...(temporality !== undefined && { temporalityPreference: temporalities[temporality] }),
  });
}

const otlpOptionNames: readonly (keyof OtlpOptions)[] = [
  "protocol",
  "url",
  "headers",
  "timeoutMs",
  "compression",
];

type OtlpSignal = "TRACES" | "METRICS";

const protocols = ["grpc", "http/protobuf"] as const;

/** The values of the exporters' `AggregationTemporalityPreference`. */
const temporalities = { delta: 0, cumulative: 1, lowmemory: 2 } as const;

const paths = { TRACES: "v1/traces", METRICS: "v1/metrics" } as const;

function protocolOf({ protocol }: OtlpOptions, signal: OtlpSignal): OtlpProtocol {
  return (
    protocol ??
    envChoice(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, protocols) ??
    envChoice("OTEL_EXPORTER_OTLP_PROTOCOL", protocols) ??
    "http/protobuf"
  );
}

/** The exporter's own options. Those that are absent it reads from the environment. */
function exporterConfig(options: OtlpOptions, signal: OtlpSignal, isGrpc: boolean): object {
  const { url, headers, timeoutMs, compression } = options;
  return {
    ...(url !== undefined && { url: isGrpc ? url : withPath(url, paths[signal]) }),
    ...(headers !== undefined && (isGrpc ? { metadata: grpcMetadata(headers, signal) } : { headers })),
    ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }),
    ...(compression !== undefined && { compression }),
  };
}

function withPath(base: string, path: string): string {
  const url = new URL(base);
  const given = url.pathname.replace(/\/+$/, "");
  if (!given.endsWith(`/${path}`)) url.pathname = `${given}/${path}`;
  return url.href;
}

function grpcMetadata(headers: Readonly<Record<string, string>>, signal: OtlpSignal): object {
  const exporter = `@opentelemetry/exporter-${signal === "TRACES" ? "trace" : "metrics"}-otlp-grpc`;
  const via = [exporter, "@opentelemetry/otlp-grpc-exporter-base"];
  const metadata = new (loadPeer("@grpc/grpc-js", "OTLP over grpc", via).Metadata)();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

function checkOtlp(where: string, options: OtlpOptions, isGrpc: boolean): void {
  const { protocol, url, headers, timeoutMs, compression } = options;
  checkChoice(`${where}: protocol`, protocol, protocols);
  checkChoice(`${where}: compression`, compression, ["none", "gzip"]);
  checkMs(`${where}: timeoutMs`, timeoutMs);
  const accepts = `a URL such as "http://collector:${isGrpc ? 4317 : 4318}"`;
  check(`${where}: url`, url, accepts, (text) => {
    return typeof text === "string" && (isGrpc ? isTarget(text) : isHttp(text));
  });
  check(`${where}: headers`, headers, "an object of texts", (record) => {
    return typeof record === "object" && Object.values(record).every((text) => typeof text === "string");
  });
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:/i.test(url);
}

/** The gRPC exporters take `host:port`, too. */
function isTarget(text: string): boolean {
  return URL.canParse(text.includes("://") ? text : `https://${text}`);
}

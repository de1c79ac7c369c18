export type { HttpHandler, HttpRequest, HttpResponse } from "../call/http-handler.js";
export { type AdaptiveSamplerOptions, adaptiveSampler } from "./adaptive-sampler.js";
export { type BufferSpansOptions, bufferSpans } from "./buffered-spans.js";
export { configureOpenTelemetry } from "./configure.js";
export type { SignalReport } from "./delivery.js";
export { type EnvironmentExporters, exportersFromEnvironment } from "./environment-exporters.js";
export { forcedSampler } from "./forced-sampler.js";
export type { DiagLevel, TelemetryOptions } from "./options.js";
export {
  type LogAttribute,
  type LoggerProviderLike,
  type LogRecordLike,
  type OtelLoggerLike,
  type OtelLogsOptions,
  otelLogs,
} from "./otel-logs.js";
export {
  type OtlpMetricsOptions,
  type OtlpOptions,
  type OtlpProtocol,
  otlpMetrics,
  otlpSpans,
} from "./otlp.js";
export {
  type PrometheusHandler,
  type PrometheusOptions,
  prometheusHandler,
} from "./prometheus-handler.js";
export type { PropagatorName } from "./propagators.js";
export { type RuleSamplerOptions, ruleSampler, type Sampling, type SamplingRule } from "./rule-sampler.js";
export type { ShutdownReport, Telemetry } from "./running.js";
export type {
  CollectionResultLike,
  ExportResultLike,
  MetricDataLike,
  MetricExporterLike,
  MetricProducerLike,
  MetricReaderLike,
  ReadableSpanLike,
  ResourceLike,
  ResourceMetricsLike,
  SamplerLike,
  SamplingResultLike,
  ScopeLike,
  ScopeMetricsLike,
  SpanExporterLike,
  SpanProcessorLike,
  TimedEventLike,
  TimeoutOptions,
} from "./sdk-types.js";
export { type TerminalOutput, type TerminalSpansOptions, terminalSpans } from "./terminal-spans.js";

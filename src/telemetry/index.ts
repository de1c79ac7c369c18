export { type AdaptiveSamplerOptions, adaptiveSampler } from "./adaptive-sampler.js";
export { type BufferSpansOptions, bufferSpans } from "./buffered-spans.js";
export { configureOpenTelemetry } from "./configure.js";
export type { SignalReport } from "./delivery.js";
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
export type { PropagatorName } from "./propagator-names.js";
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

export { type EnvironmentExporters, exportersFromEnvironment } from "./environment-exporters.js";
export { type OtlpMetricsOptions, type OtlpOptions, otlpMetrics, otlpSpans } from "./otlp.js";

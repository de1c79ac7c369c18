export type { EnvironmentExporters } from "../otlp/environment-exporters.js";
export { exportersFromEnvironment } from "./environment-exporters.js";
export { type OtlpGrpcMetricsOptions, type OtlpGrpcOptions, otlpMetrics, otlpSpans } from "./otlp-grpc.js";

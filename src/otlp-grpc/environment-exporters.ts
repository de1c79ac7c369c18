import {
  type EnvironmentExporters,
  environmentExporters,
  httpExporters,
} from "../otlp/environment-exporters.js";
import { otlpMetrics, otlpSpans } from "./otlp-grpc.js";

/**
 * The exporters that the environment asks for, as `exportersFromEnvironment` of `connect-clue/otlp` has them, and over gRPC
 * where `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` (`…_METRICS_…`) or `OTEL_EXPORTER_OTLP_PROTOCOL` is `grpc`.
 *
 * @example
 * const telemetry = configureOpenTelemetry({ service: "chat", ...exportersFromEnvironment() });
 */
export function exportersFromEnvironment(): EnvironmentExporters {
  return environmentExporters({
    "http/protobuf": httpExporters,
    grpc: { spans: () => otlpSpans(), metrics: () => otlpMetrics() },
  });
}

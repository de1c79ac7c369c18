import { envChoices, envFlag, envText, warnOf } from "./environment.js";
import { otlpMetrics, otlpSpans } from "./otlp.js";
import { loadPeer } from "./peers.js";
import type { MetricExporterLike, SpanExporterLike } from "./sdk-types.js";

/** The exporters that the environment asks for; a signal without one stays off. */
export interface EnvironmentExporters {
  readonly spanExporter?: SpanExporterLike;
  readonly metricExporter?: MetricExporterLike;
}

/**
 * The exporters that the environment asks for: `OTEL_TRACES_EXPORTER` and `OTEL_METRICS_EXPORTER` say `otlp`, `console` or
 * `none`; of several, the first counts, and one that is none of these is not replaced by another. What is passed over is
 * warned of. Where they say nothing it is OTLP, if `OTEL_EXPORTER_OTLP_ENDPOINT` or the signal's own variable tells where to,
 * else none.
 *
 * @throws Error when an exporter's package is not installed, naming it
 *
 * @example
 * const telemetry = configureOpenTelemetry({ service: "chat", ...exportersFromEnvironment() });
 */
export function exportersFromEnvironment(): EnvironmentExporters {
  if (envFlag("OTEL_SDK_DISABLED")) return {};
  const spanExporter = spanExporters[exporterOf("TRACES")]();
  const metricExporter = metricExporters[exporterOf("METRICS")]();
  return { ...(spanExporter && { spanExporter }), ...(metricExporter && { metricExporter }) };
}

type ExporterName = (typeof exporterNames)[number];

const exporterNames = ["otlp", "console", "none"] as const;

const spanExporters: Readonly<Record<ExporterName, () => SpanExporterLike | undefined>> = {
  otlp: () => otlpSpans(),
  console: () =>
    new (loadPeer("@opentelemetry/sdk-trace", "OTEL_TRACES_EXPORTER=console").ConsoleSpanExporter)(),
  none: () => undefined,
};

const metricExporters: Readonly<Record<ExporterName, () => MetricExporterLike | undefined>> = {
  otlp: () => otlpMetrics(),
  console: () =>
    new (loadPeer("@opentelemetry/sdk-metrics", "OTEL_METRICS_EXPORTER=console").ConsoleMetricExporter)(),
  none: () => undefined,
};

function exporterOf(signal: "TRACES" | "METRICS"): ExporterName {
  const variable = `OTEL_${signal}_EXPORTER`;
  if (envText(variable) !== undefined) {
    const [first = "none", ...others] = envChoices(variable, exporterNames);
    if (others.length > 0) warnOf(variable, others.join(","), "one exporter");
    return first;
  }
  const endpoint = envText(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) ?? envText("OTEL_EXPORTER_OTLP_ENDPOINT");
  return endpoint === undefined ? "none" : "otlp";
}

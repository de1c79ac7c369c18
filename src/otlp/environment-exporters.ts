import { ConsoleMetricExporter } from "@opentelemetry/sdk-metrics";
import { ConsoleSpanExporter } from "@opentelemetry/sdk-trace";
import { envChoice, envChoices, envFlag, envText, warnOf } from "../telemetry/environment.js";
import type { MetricExporterLike, SpanExporterLike } from "../telemetry/sdk-types.js";
import { otlpMetrics, otlpSpans } from "./otlp.js";

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
 * @throws Error when OTLP is to be sent over gRPC, as `OTEL_EXPORTER_OTLP_PROTOCOL` or the signal's own variable says it: that
 *   is what `exportersFromEnvironment` of `connect-clue/otlp-grpc` can do
 *
 * @example
 * const telemetry = configureOpenTelemetry({ service: "chat", ...exportersFromEnvironment() });
 */
export function exportersFromEnvironment(): EnvironmentExporters {
  return environmentExporters({
    "http/protobuf": httpExporters,
    grpc: { spans: refuseGrpc, metrics: refuseGrpc },
  });
}

/** What makes the exporters of one protocol. */
export interface OtlpExporters {
  spans(variable: string): SpanExporterLike;
  metrics(variable: string): MetricExporterLike;
}

/** The exporters over HTTP. */
export const httpExporters: OtlpExporters = { spans: () => otlpSpans(), metrics: () => otlpMetrics() };

/** The exporters that the environment asks for, made by those of the protocol that it asks for. */
export function environmentExporters(
  otlp: Readonly<Record<OtlpProtocol, OtlpExporters>>,
): EnvironmentExporters {
  if (envFlag("OTEL_SDK_DISABLED")) return {};
  const spanExporter = exporterOf("TRACES", {
    otlp: (protocol, variable) => otlp[protocol].spans(variable),
    console: () => new ConsoleSpanExporter(),
  });
  const metricExporter = exporterOf("METRICS", {
    otlp: (protocol, variable) => otlp[protocol].metrics(variable),
    console: () => new ConsoleMetricExporter(),
  });
  return { ...(spanExporter && { spanExporter }), ...(metricExporter && { metricExporter }) };
}

type OtlpProtocol = (typeof protocols)[number];

const protocols = ["grpc", "http/protobuf"] as const;

const exporterNames = ["otlp", "console", "none"] as const;

interface Makers<E> {
  otlp(protocol: OtlpProtocol, variable: string): E;
  console(): E;
}

function exporterOf<E>(signal: "TRACES" | "METRICS", make: Makers<E>): E | undefined {
  switch (nameOf(signal)) {
    case "otlp": {
      const { protocol, variable } = protocolOf(signal);
      return make.otlp(protocol, variable);
    }
    case "console":
      return make.console();
    default:
      return undefined;
  }
}

function nameOf(signal: "TRACES" | "METRICS"): (typeof exporterNames)[number] {
  const variable = `OTEL_${signal}_EXPORTER`;
  if (envText(variable) !== undefined) {
    const [first = "none", ...others] = envChoices(variable, exporterNames);
    if (others.length > 0) warnOf(variable, others.join(","), "one exporter");
    return first;
  }
  const endpoint = envText(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) ?? envText("OTEL_EXPORTER_OTLP_ENDPOINT");
  return endpoint === undefined ? "none" : "otlp";
}

/** The protocol, and the variable that names it. */
function protocolOf(signal: "TRACES" | "METRICS"): { protocol: OtlpProtocol; variable: string } {
  for (const variable of [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, "OTEL_EXPORTER_OTLP_PROTOCOL"]) {
    const protocol = envChoice(variable, protocols);
    if (protocol !== undefined) return { protocol, variable };
  }
  return { protocol: "http/protobuf", variable: "" };
}

function refuseGrpc(variable: string): never {
  throw new Error(
    `exportersFromEnvironment: ${variable} is grpc, and connect-clue/otlp sends http/protobuf: import exportersFromEnvironment from "connect-clue/otlp-grpc", which knows both`,
  );
}

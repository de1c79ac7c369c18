import { ConsoleMetricExporter } from "@opentelemetry/sdk-metrics";
import { ConsoleSpanExporter } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { startHttpReceiver } from "../../test/support/otlp-receiver.js";
import { stubEnv } from "../../test/support/stub-env.js";
import { makeSpans, telemetryOf } from "../../test/support/telemetry.js";
import { exportersFromEnvironment } from "./environment-exporters.js";

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

describe("exportersFromEnvironment", () => {
  it.each<[Record<string, string>, object]>([
    [{}, {}],
    [{ [endpoint]: "" }, {}],
    [{ [endpoint]: "http://a" }, { spanExporter: "OTLPTraceExporter", metricExporter: "OTLPMetricExporter" }],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://a" }, { spanExporter: "OTLPTraceExporter" }],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://a" }, { metricExporter: "OTLPMetricExporter" }],
    [{ [endpoint]: "http://a", OTEL_METRICS_EXPORTER: "none" }, { spanExporter: "OTLPTraceExporter" }],
    [{ OTEL_TRACES_EXPORTER: "otlp" }, { spanExporter: "OTLPTraceExporter" }],
    [
      { [endpoint]: "http://a", OTEL_TRACES_EXPORTER: "console", OTEL_METRICS_EXPORTER: "console" },
      { spanExporter: ConsoleSpanExporter.name, metricExporter: ConsoleMetricExporter.name },
    ],
    [{ OTEL_TRACES_EXPORTER: "zipkin" }, {}],
    [{ [endpoint]: "http://a", OTEL_SDK_DISABLED: "true" }, {}],
  ])("%j", (variables, expected) => {
    stubEnv(variables);
    const names = Object.entries(exportersFromEnvironment()).map(([key, value]) => [
      key,
      value.constructor.name,
    ]);
    expect(Object.fromEntries(names)).toEqual(expected);
  });

  it("is all that a server needs", async () => {
    const receiver = await startHttpReceiver();
    stubEnv({ [endpoint]: receiver.url });
    const telemetry = telemetryOf(exportersFromEnvironment());
    makeSpans();
    await telemetry.shutdown();
    expect(receiver.spans.map(({ name, traceState }) => [name, traceState])).toEqual([
      ["child", "ot=th:0"],
      ["parent", "ot=th:0"],
    ]);
  });
});

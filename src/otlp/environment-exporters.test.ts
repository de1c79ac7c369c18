import { ConsoleMetricExporter } from "@opentelemetry/sdk-metrics";
import { ConsoleSpanExporter } from "@opentelemetry/sdk-trace";
import { createLogger } from "connect-clue";
import { describe, expect, it } from "vitest";
import { parseLines } from "../../test/support/json-lines.js";
import { otlpProtocols, protocolNames } from "../../test/support/otlp-protocols.js";
import { startGrpcReceiver, startHttpReceiver } from "../../test/support/otlp-receiver.js";
import { stubEnv } from "../../test/support/stub-env.js";
import { makeSpans, telemetryOf } from "../../test/support/telemetry.js";

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

describe.each(protocolNames)("exportersFromEnvironment, of the entry point for %s", (protocol) => {
  const { exportersFromEnvironment } = otlpProtocols[protocol];

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
    [{ [endpoint]: "http://a", OTEL_TRACES_EXPORTER: "zipkin", OTEL_METRICS_EXPORTER: "prometheus" }, {}],
    [
      { OTEL_TRACES_EXPORTER: "zipkin,otlp,console", OTEL_METRICS_EXPORTER: "none,otlp" },
      { spanExporter: "OTLPTraceExporter" },
    ],
    [{ [endpoint]: "http://a", OTEL_SDK_DISABLED: "true" }, {}],
  ])("%j", (variables, expected) => {
    stubEnv(variables);
    const names = Object.entries(exportersFromEnvironment()).map(([key, value]) => [
      key,
      value.constructor.name,
    ]);
    expect(Object.fromEntries(names)).toEqual(expected);
  });

  it("warns of what it passes over", () => {
    let text = "";
    const write = (lines: string) => {
      text += lines;
    };
    createLogger({ default: true, format: "json", sink: { write } });
    stubEnv({ OTEL_TRACES_EXPORTER: "otlp,console", OTEL_METRICS_EXPORTER: "prometheus" });
    expect(Object.keys(exportersFromEnvironment())).toEqual(["spanExporter"]);
    expect(parseLines(text).map(({ msg, got }) => [msg, got])).toEqual([
      ["OTEL_TRACES_EXPORTER: passed over; it takes one exporter", "console"],
      ["OTEL_METRICS_EXPORTER: passed over; it takes otlp, console, none", "prometheus"],
    ]);
  });

  it("is all that a server needs", async () => {
    const receiver = await startHttpReceiver();
    stubEnv({ [endpoint]: receiver.url, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" });
    const telemetry = telemetryOf(exportersFromEnvironment());
    makeSpans();
    await telemetry.shutdown();
    expect(receiver.spans.map(({ name, traceState }) => [name, traceState])).toEqual([
      ["child", "ot=th:0"],
      ["parent", "ot=th:0"],
    ]);
  });
});

describe("gRPC in the environment", () => {
  it.each([
    ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
    ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", endpoint],
    ["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", endpoint],
  ])("as %s says it, is refused by connect-clue/otlp", (variable, where) => {
    const { exportersFromEnvironment } = otlpProtocols["http/protobuf"];
    stubEnv({ [variable]: "grpc" });
    expect(exportersFromEnvironment()).toEqual({});
    stubEnv({ [where]: "http://a:4317" });
    expect(() => exportersFromEnvironment()).toThrow(
      new Error(
        `exportersFromEnvironment: ${variable} is grpc, and connect-clue/otlp sends http/protobuf: import exportersFromEnvironment from "connect-clue/otlp-grpc", which knows both`,
      ),
    );
  });

  it("is spoken by connect-clue/otlp-grpc, for each signal by itself", async () => {
    const receiver = await startGrpcReceiver();
    stubEnv({
      [endpoint]: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc",
    });
    const { spanExporter, metricExporter } = otlpProtocols.grpc.exportersFromEnvironment();
    expect(metricExporter?.constructor).toBe(otlpProtocols["http/protobuf"].otlpMetrics().constructor);
    const telemetry = telemetryOf({ ...(spanExporter && { spanExporter }) });
    makeSpans();
    await telemetry.shutdown();
    expect(receiver.spans.map(({ name }) => name)).toEqual(["child", "parent"]);
  });
});

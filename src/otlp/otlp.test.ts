import { metrics } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { otlpProtocols, protocolNames } from "../../test/support/otlp-protocols.js";
import { startHttpReceiver } from "../../test/support/otlp-receiver.js";
import { stubEnv } from "../../test/support/stub-env.js";
import { makeSpans, nothingLost, telemetryOf } from "../../test/support/telemetry.js";
import type { OtlpMetricsOptions } from "./otlp.js";

const paths = {
  grpc: [
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  ],
  "http/protobuf": ["/v1/metrics", "/v1/traces"],
};

describe.each(protocolNames)("OTLP over %s", (protocol) => {
  const { otlpMetrics, otlpSpans, startReceiver } = otlpProtocols[protocol];

  it("brings spans and metrics whole, with their resource and the headers", async () => {
    const receiver = await startReceiver();
    const options = { url: receiver.url, headers: { "x-tenant": "a" } };
    const telemetry = telemetryOf({
      version: "1.2",
      resource: { "deployment.environment.name": "test" },
      detectResource: false,
      spanExporter: otlpSpans(options),
      metricExporter: otlpMetrics(options),
    });
    const [parent, child] = makeSpans();
    recordMetrics();
    expect(await telemetry.shutdown()).toEqual({ complete: true, spans: nothingLost, metrics: nothingLost });

    const resource = {
      "service.name": "chat",
      "service.version": "1.2",
      "deployment.environment.name": "test",
      "telemetry.sdk.language": "nodejs",
      "telemetry.sdk.name": "opentelemetry",
      "telemetry.sdk.version": expect.any(String),
    };
    const common = { traceId: parent.traceId, traceState: "ot=th:0", scope: "t", resource };
    expect(receiver.spans).toEqual([
      {
        ...common,
        name: "child",
        kind: "CLIENT",
        spanId: child.spanId,
        parentSpanId: parent.spanId,
        status: "ERROR broken",
        attributes: { n: "1", share: 0.5, on: true, list: { values: [{ stringValue: "a" }] } },
      },
      {
        ...common,
        name: "parent",
        kind: "INTERNAL",
        spanId: parent.spanId,
        parentSpanId: "",
        status: "UNSET",
        attributes: {},
      },
    ]);
    const total = { temporality: "CUMULATIVE", resource };
    expect(receiver.metrics).toEqual([
      { ...total, name: "hits", unit: "{hit}", points: [{ attributes: { to: "bob" }, value: 3 }] },
      { ...total, name: "took", unit: "s", points: [{ attributes: {}, value: 1 }] },
    ]);
    expect(receiver.requests.map(({ path }) => path).sort()).toEqual(paths[protocol]);
    expect(receiver.requests.map(({ headers }) => headers["x-tenant"])).toEqual(["a", "a"]);
  });

  it("compresses, and sends differences in place of totals, when told to", async () => {
    const receiver = await startReceiver();
    const options = { url: receiver.url, compression: "gzip" } as const;
    const telemetry = telemetryOf({
      spanExporter: otlpSpans(options),
      metricExporter: otlpMetrics({ ...options, temporality: "delta" }),
    });
    makeSpans();
    recordMetrics();
    await telemetry.shutdown();
    expect(receiver.spans.map(({ name }) => name)).toEqual(["child", "parent"]);
    expect(receiver.metrics.map(({ temporality }) => temporality)).toEqual(["DELTA", "DELTA"]);
    // grpc-js takes the header of the encoding away.
    const encoding = protocol === "grpc" ? undefined : "gzip";
    expect(receiver.requests.map(({ headers }) => headers["content-encoding"])).toEqual([encoding, encoding]);
  });

  it("reads what is not said from the environment", async () => {
    const receiver = await startReceiver();
    stubEnv({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a,x-key=1",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-key=2",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
    });
    await exportAll(protocol);
    expect(
      receiver.requests.map(({ path, headers }) => [path, headers["x-tenant"], headers["x-key"]]),
    ).toEqual([
      [paths[protocol][0], "a", "1"],
      [paths[protocol][1], "a", "2"],
    ]);
    expect(receiver.metrics[0]?.temporality).toBe("DELTA");
  });

  it("lets options win over the environment, and the import over its protocol", async () => {
    const receiver = await startReceiver();
    stubEnv({
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol === "grpc" ? "http/protobuf" : "grpc",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a,x-key=1",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
    });
    const options = { url: receiver.url, headers: { "x-key": "2" } };
    await exportAll(protocol, options, { ...options, temporality: "cumulative" });
    expect(receiver.requests.map(({ headers }) => [headers["x-tenant"], headers["x-key"]])).toEqual([
      ["a", "2"],
      ["a", "2"],
    ]);
    expect(receiver.metrics[0]?.temporality).toBe("CUMULATIVE");
  });
});

describe("otlpSpans and otlpMetrics", () => {
  it.each([
    ["", "/v1/traces", "/v1/metrics"],
    ["/", "/v1/traces", "/v1/metrics"],
    ["/otlp", "/otlp/v1/traces", "/otlp/v1/metrics"],
    ["/otlp/?key=1", "/otlp/v1/traces?key=1", "/otlp/v1/metrics?key=1"],
    ["/v1/traces", "/v1/traces", "/v1/traces/v1/metrics"],
    ["/v1/metrics/", "/v1/metrics/v1/traces", "/v1/metrics/"],
  ])("take a base URL: %j leads to %s and %s", async (base, ...expected) => {
    const receiver = await startHttpReceiver();
    const options = { url: receiver.url + base };
    await exportAll("http/protobuf", options, options);
    expect(receiver.requests.map(({ path }) => path).sort()).toEqual(expected.sort());
  });

  it.each<[object, string]>([
    [
      { protocol: "grpc" },
      'otlpSpans: protocol: the import decides it: "connect-clue/otlp" is http/protobuf, "connect-clue/otlp-grpc" is grpc',
    ],
    [{ url: 4318 }, 'otlpSpans: url: expected a URL such as "http://collector:PORT", got 4318'],
    [{ url: "::::" }, 'otlpSpans: url: expected a URL such as "http://collector:PORT", got "::::"'],
    [{ url: "" }, 'otlpSpans: url: expected a URL such as "http://collector:PORT", got ""'],
    [{ headers: { a: 1 } }, "otlpSpans: headers: expected an object of texts, got an object"],
    [{ headers: null }, "otlpSpans: headers: expected an object of texts, got null"],
    [{ timeoutMs: 0 }, "otlpSpans: timeoutMs: expected a number of milliseconds from 1 to 2147483647, got 0"],
    [{ compression: "br" }, 'otlpSpans: compression: expected "none" or "gzip", got "br"'],
    [
      { temporality: "delta" },
      'otlpSpans: there is no option "temporality"; there are url, headers, timeoutMs, compression',
    ],
  ])("refuse %j", (options, message) => {
    for (const [protocol, port] of [
      ["grpc", "4317"],
      ["http/protobuf", "4318"],
    ] as const) {
      const { otlpSpans } = otlpProtocols[protocol];
      expect(() => otlpSpans(options)).toThrow(new TypeError(message.replace("PORT", port)));
    }
  });

  it("take the addresses of their protocol", () => {
    const url = "collector:4317";
    expect(() => otlpProtocols.grpc.otlpSpans({ url })).not.toThrow();
    expect(() => otlpProtocols["http/protobuf"].otlpSpans({ url })).toThrow(
      new TypeError('otlpSpans: url: expected a URL such as "http://collector:4318", got "collector:4317"'),
    );
  });

  it("refuse a temporality that does not exist", () => {
    const options = { temporality: "total" } as object;
    for (const protocol of protocolNames) {
      expect(() => otlpProtocols[protocol].otlpMetrics(options)).toThrow(
        'otlpMetrics: temporality: expected "delta" or "cumulative" or "lowmemory", got "total"',
      );
    }
  });
});

function recordMetrics(): void {
  metrics.getMeter("m").createCounter("hits", { unit: "{hit}" }).add(3, { to: "bob" });
  metrics.getMeter("m").createHistogram("took", { unit: "s" }).record(0.25);
}

/** Sends metrics, and then spans. */
async function exportAll(
  protocol: (typeof protocolNames)[number],
  spans: OtlpMetricsOptions = {},
  metricsOptions: OtlpMetricsOptions = {},
): Promise<void> {
  const { otlpMetrics, otlpSpans } = otlpProtocols[protocol];
  const first = telemetryOf({ metricExporter: otlpMetrics(metricsOptions) });
  recordMetrics();
  await first.shutdown();
  const second = telemetryOf({ spanExporter: otlpSpans(spans) });
  makeSpans();
  await second.shutdown();
}

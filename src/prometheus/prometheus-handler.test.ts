import { spawnSync } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { diag, metrics } from "@opentelemetry/api";
import { AggregationTemporality, InMemoryMetricExporter } from "@opentelemetry/sdk-metrics";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { scrapeWithPrometheus } from "../../test/support/prometheus.js";
import { telemetryOf } from "../../test/support/telemetry.js";
import { type PrometheusHandler, prometheusHandler } from "./prometheus-handler.js";

describe("prometheusHandler", () => {
  it("serves what is measured", async () => {
    const { prometheus } = setUp();
    const response = await fetch(`${await serve(prometheus)}/metrics?x=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(parse(await response.text())).toEqual({
      types: { target_info: "gauge", hits_total: "counter", took: "histogram" },
      samples: {
        'target_info{service_name="chat"}': 1,
        'hits_total{to="b\\"ob"}': 3,
        "took_count{}": 1,
        "took_sum{}": 0.25,
        'took_bucket{le="0.1"}': 0,
        'took_bucket{le="1"}': 1,
        'took_bucket{le="+Inf"}': 1,
      },
    });
  });

  it("is a reader beside the exporter", async () => {
    const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const { prometheus, telemetry } = setUp({ metricExporter });
    await telemetry.forceFlush();
    await fetch(`${await serve(prometheus)}/metrics`);
    const [collected] = metricExporter.getMetrics();
    expect(collected?.scopeMetrics[0]?.metrics.map(({ descriptor }) => descriptor.name)).toEqual([
      "hits",
      "took",
    ]);
  });

  it("begins each name as it is told to", async () => {
    const { prometheus } = setUp({}, prometheusHandler({ prefix: "app" }));
    const text = await (await fetch(`${await serve(prometheus)}/metrics`)).text();
    expect(Object.keys(parse(text).types)).toEqual(["target_info", "app_hits_total", "app_took"]);
  });

  it("answers HEAD without a body, and refuses other methods", async () => {
    const url = await serve(setUp().prometheus);
    const head = await fetch(`${url}/metrics`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const post = await fetch(`${url}/metrics`, { method: "POST" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("leaves other paths to the next handler, or says that there is none", async () => {
    const { prometheus } = setUp({}, prometheusHandler({ path: "/admin/metrics" }));
    const url = await serve((request, response) => prometheus(request, response, () => response.end("next")));
    expect(await (await fetch(`${url}/metrics`)).text()).toBe("next");
    expect((await fetch(`${url}/admin/metrics`)).status).toBe(200);
    expect((await fetch(`${await serve(prometheus)}/metrics`)).status).toBe(404);
  });

  it("is the fallback of a Connect server, over HTTP/2", async () => {
    const { prometheus } = setUp();
    const url = await listen(
      createHttp2Server(connectNodeAdapter({ routes: () => {}, fallback: prometheus })),
    );
    const session = connectHttp2(url);
    onTestFinished(() => void session.destroy());
    let text = "";
    const stream = session.request({ ":path": "/metrics" }).setEncoding("utf8");
    for await (const chunk of stream) text += chunk;
    expect(parse(text).types.hits_total).toBe("counter");
  });

  it("says that nothing can be collected, before it is configured and after the shutdown", async () => {
    const prometheus = prometheusHandler();
    const url = await serve(prometheus);
    const statusOf = async () => (await fetch(`${url}/metrics`)).status;
    expect(await statusOf()).toBe(503);
    const { telemetry } = setUp({}, prometheus);
    expect(await statusOf()).toBe(200);
    await telemetry.shutdown();
    expect(await statusOf()).toBe(503);
  });

  it("serves what could be collected when a callback fails, and tells of it", async () => {
    const log = testLogger();
    const { prometheus } = setUp({ logger: log });
    metrics
      .getMeter("m")
      .createObservableGauge("broken")
      .addCallback(() => Promise.reject(new Error("no idea")));
    const text = await (await fetch(`${await serve(prometheus)}/metrics`)).text();
    expect(parse(text).types.hits_total).toBe("counter");
    expect(log.lines().map(({ msg, err }) => [msg, err])).toEqual([
      ["connect-clue: some metrics could not be collected", "no idea"],
    ]);
    diag.disable();
  });

  const hasPrometheus = spawnSync("prometheus", ["--version"]).status === 0;
  if (!hasPrometheus)
    console.warn("skipped: a scrape by Prometheus, since there is no `prometheus` on the PATH");

  it.skipIf(!hasPrometheus)("is scraped by a real Prometheus", async () => {
    const { prometheus } = setUp();
    const url = await serve(prometheus);
    expect(await scrapeWithPrometheus(new URL(url).host, "hits_total")).toEqual([
      { labels: expect.objectContaining({ to: 'b"ob' }), value: "3" },
    ]);
  });

  it.each<[object, string]>([
    [{ path: "metrics" }, 'prometheusHandler: path: expected a text that begins with /, got "metrics"'],
    [{ path: 1 }, "prometheusHandler: path: expected a text that begins with /, got 1"],
    [
      { prefix: "a-b" },
      'prometheusHandler: prefix: expected letters, digits and _, no digit first, got "a-b"',
    ],
    [{ port: 9464 }, 'prometheusHandler: there is no option "port"; there are path, prefix'],
  ])("refuses %j", (options, message) => {
    expect(() => prometheusHandler(options)).toThrow(new TypeError(message));
  });
});

function setUp(
  options: Parameters<typeof telemetryOf>[0] = {},
  prometheus: PrometheusHandler = prometheusHandler(),
) {
  const telemetry = telemetryOf({ ...options, metricReaders: [prometheus], detectResource: false });
  const meter = metrics.getMeter("m");
  meter.createCounter("hits", { unit: "{hit}", description: "How often." }).add(3, { to: 'b"ob' });
  meter.createHistogram("took", { unit: "s", advice: { explicitBucketBoundaries: [0.1, 1] } }).record(0.25);
  return { telemetry, prometheus };
}

function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  return listen(createServer(handler));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Prometheus' text format, without the labels that tell of OpenTelemetry. @throws Error for what is not of the format */
function parse(text: string) {
  const types: Record<string, string> = {};
  const samples: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    const sample = /^(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? ([\d.e+-]+)$/.exec(line);
    if (type !== null) types[type[1] ?? ""] = type[2] ?? "";
    else if (sample !== null) {
      const labels = (sample[2] ?? "").match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [];
      const own = labels.filter((label) => !/^(otel_scope|telemetry_sdk)_/.test(label));
      samples[`${sample[1]}{${own.join(",")}}`] = Number(sample[3]);
    } else if (!/^(# (HELP|UNIT) .*)?$/.test(line)) throw new Error(`not Prometheus' format: ${line}`);
  }
  return { types, samples };
}

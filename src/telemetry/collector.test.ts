import { metrics } from "@opentelemetry/api";
import { AlwaysOnSampler } from "@opentelemetry/sdk-trace";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it } from "vitest";
import { startChat } from "../../test/support/chat-server.js";
import { otlpProtocols, protocolNames } from "../../test/support/otlp-protocols.js";
import { startHttpReceiver } from "../../test/support/otlp-receiver.js";
import { endSpans, nothingLost, telemetryOf } from "../../test/support/telemetry.js";

// What becomes of spans, metrics and calls when the collector is well, deaf or gone.

const alwaysOn = new AlwaysOnSampler();

describe.each(protocolNames)("a shutdown, over %s", (protocol) => {
  const { otlpMetrics, otlpSpans, startReceiver } = otlpProtocols[protocol];

  it("sends all that ended just before", async () => {
    const receiver = await startReceiver();
    const telemetry = telemetryOf({
      sampler: alwaysOn,
      spanExporter: otlpSpans({ url: receiver.url }),
      metricExporter: otlpMetrics({ url: receiver.url }),
    });
    const counter = metrics.getMeter("m").createCounter("hits");
    for (let i = 0; i < 1000; i++) counter.add(1, { i });
    endSpans(1000);
    expect(await telemetry.shutdown()).toEqual({ complete: true, spans: nothingLost, metrics: nothingLost });
    expect(receiver.spans.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 1000 }, (_, i) => `span ${i}`).sort(),
    );
    expect(receiver.metrics[0]?.points).toHaveLength(1000);
  });

  it("gives up on a collector that never answers, and says what is lost", async () => {
    const { logger, lines } = logTo();
    const receiver = await startReceiver({ silent: true });
    const telemetry = telemetryOf({
      logger,
      sampler: alwaysOn,
      shutdownTimeoutMs: 300,
      spanExporter: otlpSpans({ url: receiver.url, timeoutMs: 600 }),
      metricExporter: otlpMetrics({ url: receiver.url, timeoutMs: 600 }),
    });
    metrics.getMeter("m").createCounter("hits").add(1);
    endSpans(1000);
    expect(await telemetry.shutdown()).toEqual({
      complete: false,
      spans: { lost: 1000, timedOut: true, errors: [] },
      metrics: { lost: 1, timedOut: true, errors: [] },
    });
    expect(lines()).toEqual([
      {
        time: "<time>",
        level: "warn",
        msg: "OpenTelemetry stopped before all was sent",
        from: "opentelemetry",
        "spans.lost": 1000,
        "metrics.lost": 1,
        timed_out: true,
      },
    ]);
  });

  it("says why a collector that is not there took nothing", async () => {
    const { logger, lines } = logTo();
    const receiver = await startReceiver();
    receiver.close();
    const telemetry = telemetryOf({
      logger,
      sampler: alwaysOn,
      spanExporter: otlpSpans({ url: receiver.url, timeoutMs: 200 }),
    });
    endSpans(10);
    const { spans } = await telemetry.shutdown();
    expect({ ...spans, errors: spans.errors.length }).toEqual({ lost: 10, timedOut: false, errors: 1 });
    expect(spans.errors[0]?.message).toBe("OpenTelemetry could not export 10 spans");
    expect(String(spans.errors[0]?.cause)).toContain("ECONNREFUSED");
    expect(lines().map(({ level, msg }) => [level, msg])).toEqual([
      ["error", "OpenTelemetry could not export 10 spans"],
      ["warn", "OpenTelemetry stopped before all was sent"],
    ]);
  });
});

describe("calls", () => {
  const { otlpMetrics, otlpSpans } = otlpProtocols["http/protobuf"];

  it.each(["silent", "gone"])("go on when the collector is %s", async (how) => {
    const receiver = await startHttpReceiver({ silent: true });
    if (how === "gone") receiver.close();
    telemetryOf({
      logger: logTo().logger,
      sampler: alwaysOn,
      shutdownTimeoutMs: 1,
      readerIntervalMs: 10,
      spanExporter: otlpSpans({ url: receiver.url, timeoutMs: 100 }),
      metricExporter: otlpMetrics({ url: receiver.url, timeoutMs: 100 }),
    });
    const { client } = await startChat({ say: ({ text }) => ({ text }) });
    for (let i = 0; i < 50; i++) expect((await client.say({ text: `${i}` })).text).toBe(`${i}`);
  });
});

function logTo() {
  const log = testLogger();
  return { logger: log, lines: () => log.lines() };
}

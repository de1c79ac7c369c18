import { context, createContextKey, metrics, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startChat } from "../../test/support/chat-server.js";
import { gate } from "../../test/support/gate.js";
import { LineSink } from "../../test/support/line-sink.js";
import { startGrpcReceiver, startHttpReceiver } from "../../test/support/otlp-receiver.js";
import { endSpans, nothingLost, telemetryOf } from "../../test/support/telemetry.js";
import { otlpMetrics, otlpSpans } from "./otlp.js";
import type { SpanExporterLike } from "./sdk-types.js";

const alwaysOn = { shouldSample: () => ({ decision: 2 }), toString: () => "on" };
const start = { grpc: startGrpcReceiver, "http/protobuf": startHttpReceiver };

describe.each(["grpc", "http/protobuf"] as const)("a shutdown, over %s", (protocol) => {
  it("sends all that ended just before", async () => {
    const receiver = await start[protocol]();
    const telemetry = telemetryOf({
      sampler: alwaysOn,
      spanExporter: otlpSpans({ protocol, url: receiver.url }),
      metricExporter: otlpMetrics({ protocol, url: receiver.url }),
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
    const receiver = await start[protocol]({ silent: true });
    const telemetry = telemetryOf({
      logger,
      sampler: alwaysOn,
      shutdownTimeoutMs: 300,
      spanExporter: otlpSpans({ protocol, url: receiver.url, timeoutMs: 600 }),
      metricExporter: otlpMetrics({ protocol, url: receiver.url, timeoutMs: 600 }),
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
    const receiver = await start[protocol]();
    receiver.close();
    const telemetry = telemetryOf({
      logger,
      sampler: alwaysOn,
      spanExporter: otlpSpans({ protocol, url: receiver.url, timeoutMs: 200 }),
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

describe("spans that cannot be sent", () => {
  it("wait in a queue of bounded length", async () => {
    let held = 0;
    const heard: string[] = [];
    const spanExporter = exporter({
      export(spans) {
        held += spans.length;
      },
    });
    const telemetry = telemetryOf({
      logger: logTo().logger,
      sampler: alwaysOn,
      detectResource: false,
      shutdownTimeoutMs: 1,
      errorHandler: ({ message }) => heard.push(message),
      spanExporter,
    });
    endSpans(10_000);
    expect(held).toBe(512);
    const { spans } = await telemetry.shutdown();
    expect(spans).toEqual({ lost: 512 + 2048, timedOut: true, errors: [] });
    expect(heard).toEqual(["OpenTelemetry dropped 7440 spans, since too many waited"]);
  });
});

describe("shutdown", () => {
  it("takes back what was registered, so that all can begin anew", async () => {
    const key = createContextKey("a");
    const active = () => context.with(ROOT_CONTEXT.setValue(key, 1), () => context.active().getValue(key));
    for (let round = 0; round < 2; round++) {
      const telemetry = telemetryOf({ spanExporter: exporter({}), metricReaders: [] });
      expect(trace.getTracer("t").startSpan("a").isRecording()).toBe(true);
      expect(active()).toBe(1);
      expect(propagation.fields()).toEqual(["traceparent", "tracestate", "baggage"]);
      await telemetry.shutdown();
      expect(trace.getTracer("t").startSpan("a").isRecording()).toBe(false);
      expect(active()).toBeUndefined();
      expect(propagation.fields()).toEqual([]);
    }
  });

  it("happens once, however often it is called", async () => {
    let shutdowns = 0;
    const telemetry = telemetryOf({
      spanExporter: exporter({
        shutdown: async () => {
          shutdowns++;
        },
      }),
    });
    const first = telemetry.shutdown();
    expect(telemetry.shutdown()).toBe(first);
    expect(await first).toEqual({ complete: true, spans: nothingLost, metrics: nothingLost });
    expect(shutdowns).toBe(1);
  });

  it("never rejects, whatever exporters and processors do", async () => {
    const { logger, lines } = logTo();
    const heard: string[] = [];
    const broken = (): never => {
      throw new Error("broken");
    };
    const rejecting = () => Promise.reject(new Error("rejected"));
    const telemetry = telemetryOf({
      logger,
      sampler: alwaysOn,
      errorHandler: (error) => heard.push(`${error.message}: ${(error.cause as Error).message}`),
      spanExporter: exporter({ export: broken, forceFlush: rejecting, shutdown: rejecting }),
      spanProcessors: [{ onStart: broken, onEnd: broken, forceFlush: broken, shutdown: rejecting }],
    });
    endSpans(3);
    await telemetry.forceFlush();
    expect(heard.splice(0).sort()).toEqual([
      "OpenTelemetry could not export 3 spans: broken",
      "OpenTelemetry has trouble with spans: broken",
      "OpenTelemetry has trouble with spans: rejected",
    ]);
    endSpans(2);
    const { spans } = await telemetry.shutdown();
    expect({ ...spans, errors: spans.errors.map(({ message }) => message).sort() }).toEqual({
      lost: 2,
      timedOut: false,
      errors: [
        "OpenTelemetry could not export 2 spans",
        "OpenTelemetry has trouble with spans",
        "OpenTelemetry has trouble with spans",
      ],
    });
    expect(lines().map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^connect-clue: a span processor failed/),
      "OpenTelemetry stopped before all was sent",
    ]);
  });

  it("counts an answer once", async () => {
    const telemetry = telemetryOf({
      sampler: alwaysOn,
      spanExporter: exporter({
        export(_spans, done) {
          done({ code: 0 });
          done({ code: 1, error: new Error("late") });
        },
      }),
    });
    endSpans(3);
    expect((await telemetry.shutdown()).spans).toEqual(nothingLost);
  });

  it("counts what ends while it is at work", async () => {
    const { opened, open } = gate();
    const telemetry = telemetryOf({
      logger: logTo().logger,
      sampler: alwaysOn,
      spanExporter: exporter({ export: (_spans, done) => void opened.then(() => done({ code: 0 })) }),
    });
    endSpans(3);
    const report = telemetry.shutdown();
    endSpans(2);
    open();
    expect((await report).spans).toEqual({ lost: 2, timedOut: false, errors: [] });
  });

  it("counts no span that is recorded but not sampled", async () => {
    const recorded = { shouldSample: () => ({ decision: 1 }), toString: () => "recorded" };
    const telemetry = telemetryOf({ sampler: recorded, spanExporter: exporter({}) });
    endSpans(3);
    expect((await telemetry.shutdown()).spans).toEqual(nothingLost);
  });

  it("leaves no timer behind", async () => {
    const telemetry = telemetryOf({ sampler: alwaysOn, detectResource: false, spanExporter: exporter({}) });
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    endSpans(3);
    await telemetry.shutdown();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("forgets failures that are history", async () => {
    const answers = [{ code: 1, error: new Error("full") }, { code: 0 }];
    const telemetry = telemetryOf({
      logger: logTo().logger,
      sampler: alwaysOn,
      spanExporter: exporter({ export: (_spans, done) => done(answers.shift() ?? { code: 1 }) }),
    });
    endSpans(3);
    await telemetry.forceFlush();
    endSpans(2);
    expect((await telemetry.shutdown()).spans).toEqual(nothingLost);
  });
});

describe("forceFlush", () => {
  it("flushes the exporter, too", async () => {
    const heard: string[] = [];
    const telemetry = telemetryOf({
      sampler: alwaysOn,
      spanExporter: exporter({
        export(spans, done) {
          heard.push(`export ${spans.length}`);
          done({ code: 0 });
        },
        forceFlush: async () => void heard.push("flush"),
      }),
    });
    endSpans(3);
    await telemetry.forceFlush();
    expect(heard).toEqual(["export 3", "flush"]);
  });

  it("waits no longer than that", async () => {
    const heard: string[] = [];
    const telemetry = telemetryOf({
      sampler: alwaysOn,
      shutdownTimeoutMs: 1,
      errorHandler: ({ message, cause }) => heard.push(`${message}: ${(cause as Error).message}`),
      spanExporter: exporter({ export: () => {} }),
    });
    endSpans(3);
    await telemetry.forceFlush();
    expect(heard).toEqual(["OpenTelemetry has trouble with spans: the flush took longer than 1 ms"]);
  });
});

describe("an errorHandler that throws", () => {
  it("does not cost the error", async () => {
    const { logger, lines } = logTo();
    const telemetry = telemetryOf({
      logger,
      sampler: alwaysOn,
      errorHandler: () => {
        throw new Error("my own");
      },
      spanExporter: exporter({ export: (_spans, done) => done({ code: 1, error: new Error("full") }) }),
    });
    endSpans(3);
    await telemetry.forceFlush();
    expect(lines().map(({ msg, err }) => [msg, err])).toEqual([
      [expect.stringMatching(/^connect-clue: the errorHandler failed/), "my own"],
      ["OpenTelemetry could not export 3 spans", "full"],
    ]);
  });
});

function exporter(methods: Partial<SpanExporterLike>): SpanExporterLike {
  return {
    export: (_spans, done) => done({ code: 0 }),
    shutdown: async () => {},
    ...methods,
  };
}

function logTo() {
  const sink = new LineSink();
  return { logger: sink.logger, lines: () => sink.lines };
}

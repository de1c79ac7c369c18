import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { fakeClock } from "connect-clue/fake-clock";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it } from "vitest";
import { gate } from "../../test/support/gate.js";
import { endSpans, nothingLost, telemetryOf } from "../../test/support/telemetry.js";
import type { SpanExporterLike } from "./sdk-types.js";

const alwaysOn = { shouldSample: () => ({ decision: 2 }), toString: () => "on" };

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

  it("leaves no timer behind", async (t) => {
    const telemetry = telemetryOf({ sampler: alwaysOn, detectResource: false, spanExporter: exporter({}) });
    const clock = fakeClock({ test: t });
    endSpans(3);
    await telemetry.shutdown();
    expect(clock.timers).toBe(0);
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
  const log = testLogger();
  return { logger: log, lines: () => log.lines() };
}

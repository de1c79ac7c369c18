import {
  context,
  createContextKey,
  diag,
  metrics,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AggregationTemporality, InMemoryMetricExporter } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { b3, b3multi } from "connect-clue/b3";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { stubEnv } from "../../test/support/stub-env.js";
import { telemetryOf } from "../../test/support/telemetry.js";
import { until } from "../../test/support/until.js";
import { configureOpenTelemetry } from "./configure.js";
import type { TelemetryOptions } from "./options.js";

describe("configureOpenTelemetry", () => {
  it.each<[string, TelemetryOptions, object]>([
    ["nothing", {}, { spans: false, metrics: false, contexts: false }],
    ["spans", { spanExporter: inMemory() }, { spans: true, metrics: false, contexts: true }],
    [
      "spans, by a processor",
      { spanProcessors: [new SimpleSpanProcessor({ exporter: inMemory() })] },
      { spans: true, metrics: false, contexts: true },
    ],
    ["metrics", { metricExporter: inMemoryMetrics() }, { spans: false, metrics: true, contexts: true }],
    [
      "all but the active context",
      { spanExporter: inMemory(), metricExporter: inMemoryMetrics(), contextManager: false },
      { spans: true, metrics: true, contexts: false },
    ],
    [
      "the active context alone",
      { contextManager: new AsyncLocalStorageContextManager() },
      { spans: false, metrics: false, contexts: true },
    ],
  ])("turns on %s", (_what, options, expected) => {
    telemetryOf(options);
    expect(whatIsOn()).toEqual(expected);
  });

  it("may be awaited", async () => {
    const telemetry = await configureOpenTelemetry({ service: "chat" });
    await telemetry.shutdown();
  });

  it("is called once", async () => {
    const telemetry = telemetryOf({});
    expect(() => configureOpenTelemetry({ service: "other" })).toThrow(
      new Error("configureOpenTelemetry: OpenTelemetry is configured already; await its shutdown() first"),
    );
    await telemetry.shutdown();
    telemetryOf({});
  });

  it("respects what others have registered, and takes its own back", async () => {
    const metricExporter = inMemoryMetrics();
    const stopped = vi.spyOn(metricExporter, "shutdown");
    const options = { logger: testLogger(), service: "chat", spanExporter: inMemory() };
    trace.setGlobalTracerProvider(new ProxyTracerProvider());
    onTestFinished(() => trace.disable());
    expect(() => configureOpenTelemetry({ ...options, metricExporter })).toThrow(
      "configureOpenTelemetry: a tracer provider is registered already, by other code of this process",
    );
    expect(whatIsOn()).toEqual({ spans: false, metrics: false, contexts: false });
    expect(propagation.fields()).toEqual([]);
    await until(() => stopped.mock.calls.length === 1);
    trace.disable();
    telemetryOf({ ...options, metricExporter: inMemoryMetrics() });
    expect(whatIsOn()).toEqual({ spans: true, metrics: true, contexts: true });
  });

  it("leaves all but the propagators off where OTEL_SDK_DISABLED is true", async () => {
    stubEnv({ OTEL_SDK_DISABLED: "True" });
    const telemetry = telemetryOf({ spanExporter: inMemory(), metricExporter: inMemoryMetrics() });
    expect(whatIsOn()).toEqual({ spans: false, metrics: false, contexts: false });
    expect(propagation.fields()).toEqual(["traceparent", "tracestate", "baggage"]);
    await telemetry.forceFlush();
    expect((await telemetry.shutdown()).complete).toBe(true);
  });

  it.each<[unknown, string]>([
    [{ servise: "a" }, 'there is no option "servise"; there are service, version'],
    [{ service: "" }, 'service: expected a text, got ""'],
    [{ version: 1 }, "version: expected a text, got 1"],
    [{ spanExporter: {} }, "spanExporter: expected an object with export, shutdown, got an object"],
    [
      { spanProcessors: {} },
      "spanProcessors: expected an array of objects with onStart, onEnd, forceFlush, shutdown",
    ],
    [
      { spanProcessors: [1] },
      "spanProcessors: expected an array of objects with onStart, onEnd, forceFlush, shutdown",
    ],
    [{ sampler: 0.5 }, "sampler: expected an object with shouldSample, got 0.5"],
    [
      { metricExporter: null },
      "metricExporter: expected an object with export, forceFlush, shutdown, got null",
    ],
    [{ metricReaders: [{}] }, "metricReaders: expected an array of objects with setMetricProducer, collect"],
    [
      { readerIntervalMs: "1s" },
      'readerIntervalMs: expected a number of milliseconds from 1 to 2147483647, got "1s"',
    ],
    [
      { readerIntervalMs: 2 ** 31 },
      "readerIntervalMs: expected a number of milliseconds from 1 to 2147483647, got 2147483648",
    ],
    [
      { propagators: ["jaeger"] },
      'propagators: expected an array of propagators or of "tracecontext", "baggage"',
    ],
    [{ contextManager: true }, "contextManager: expected an object with active, with, enable, got true"],
    [{ resource: "a" }, 'resource: expected attributes or a resource, got "a"'],
    [{ detectResource: "no" }, 'detectResource: expected a boolean, got "no"'],
    [{ errorHandler: {} }, "errorHandler: expected a function, got an object"],
    [{ logger: console }, "logger: expected an object with error, errorf, warnf, infof, with, got an object"],
    [{ diagLevel: "loud" }, 'diagLevel: expected "none" or "error" or "warn" or "info" or "debug"'],
    [
      { shutdownTimeoutMs: 0 },
      "shutdownTimeoutMs: expected a number of milliseconds from 1 to 2147483647, got 0",
    ],
    [
      { shutdownTimeoutMs: Number.POSITIVE_INFINITY },
      "shutdownTimeoutMs: expected a number of milliseconds from 1 to 2147483647, got Infinity",
    ],
    [
      { shutdownTimeoutMs: Number.NaN },
      "shutdownTimeoutMs: expected a number of milliseconds from 1 to 2147483647, got NaN",
    ],
    [{ bufferSpans: { slow: 1 } }, 'bufferSpans: there is no option "slow"'],
    [{ spanExporter: inMemoryMetrics() }, "spanExporter: expected an exporter of spans, got one of metrics"],
  ])("refuses %j", (options, message) => {
    const configure = configureOpenTelemetry as (options: unknown) => unknown;
    expect(() => configure(options)).toThrow(TypeError);
    expect(() => configure(options)).toThrow(message);
    expect(whatIsOn()).toEqual({ spans: false, metrics: false, contexts: false });
  });
});

describe("propagators", () => {
  const custom: TextMapPropagator = { inject: () => {}, extract: (ctx) => ctx, fields: () => ["x-mine"] };

  it.each<[TelemetryOptions["propagators"], string[]]>([
    [undefined, ["traceparent", "tracestate", "baggage"]],
    [[], []],
    [["tracecontext"], ["traceparent", "tracestate"]],
    [[b3()], ["b3"]],
    [[b3multi()], ["x-b3-traceid", "x-b3-spanid", "x-b3-flags", "x-b3-sampled", "x-b3-parentspanid"]],
    [
      ["baggage", custom],
      ["baggage", "x-mine"],
    ],
  ])("%j", (propagators, fields) => {
    telemetryOf({ ...(propagators && { propagators }) });
    expect(propagation.fields()).toEqual(fields);
  });

  it.each(["b3", "b3multi"])("are not named %s: an error says where that is", (name) => {
    const configure = configureOpenTelemetry as (options: unknown) => unknown;
    expect(() => configure({ service: "chat", propagators: ["baggage", name] })).toThrow(
      new TypeError(
        `configureOpenTelemetry: propagators: "${name}" has an entry point of its own: import { ${name} } from "connect-clue/b3", and give ${name}() in its place`,
      ),
    );
  });

  it("are others' where there are none", () => {
    propagation.setGlobalPropagator(custom);
    onTestFinished(() => propagation.disable());
    telemetryOf({ propagators: [] });
    expect(propagation.fields()).toEqual(["x-mine"]);
  });
});

describe("OpenTelemetry's diagnostics", () => {
  it("go to the log from the level on that is set, until the shutdown", async () => {
    const log = testLogger();
    const telemetry = telemetryOf({ logger: log, diagLevel: "info" });
    diag.info("%d of %s", 3, "them", { more: true });
    diag.debug("too much");
    await telemetry.shutdown();
    diag.error("over");
    expect(log.lines()).toEqual([
      { time: "<time>", level: "info", msg: '3 of them {"more":true}', from: "opentelemetry" },
    ]);
  });

  it("are left alone when told so", () => {
    const heard = hearDiagnostics();
    telemetryOf({ logger: testLogger(), diagLevel: "none" });
    heard.length = 0;
    diag.warn("mine");
    expect(heard).toEqual(["mine"]);
  });

  it.each<[string, TelemetryOptions]>([
    ["an option is bad", { service: "chat", propagators: ["jaeger"] as never }],
    ["nothing names the service", { spanExporter: inMemory() }],
    ["others have registered something", { service: "chat", spanExporter: inMemory() }],
  ])("are left alone when %s", (_why, options) => {
    const heard = hearDiagnostics();
    trace.setGlobalTracerProvider(new ProxyTracerProvider());
    onTestFinished(() => trace.disable());
    expect(() => configureOpenTelemetry({ ...options, logger: testLogger() })).toThrow();
    heard.length = 0;
    diag.warn("mine");
    expect(heard).toEqual(["mine"]);
  });

  it("take the place of others', and leave none", async () => {
    const heard = hearDiagnostics();
    const log = testLogger();
    const telemetry = telemetryOf({ logger: log });
    heard.length = 0;
    diag.warn("a");
    await telemetry.shutdown();
    diag.warn("b");
    expect([heard, log.lines().map(({ msg }) => msg)]).toEqual([[], ["a"]]);
  });
});

/** Registers a logger of diagnostics as others may. */
function hearDiagnostics(): string[] {
  const heard: string[] = [];
  const hear = (message: string) => void heard.push(message);
  diag.setLogger({ error: hear, warn: hear, info: hear, debug: hear, verbose: hear });
  onTestFinished(() => diag.disable());
  return heard;
}

function whatIsOn() {
  const key = createContextKey("a");
  const counter = metrics.getMeter("m").createCounter("c");
  return {
    spans: trace.getTracer("t").startSpan("a").spanContext().traceId !== "0".repeat(32),
    metrics: counter.constructor.name !== "NoopCounterMetric",
    contexts: context.with(ROOT_CONTEXT.setValue(key, 1), () => context.active().getValue(key)) === 1,
  };
}

function inMemory(): InMemorySpanExporter {
  return new InMemorySpanExporter();
}

function inMemoryMetrics(): InMemoryMetricExporter {
  return new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
}

import { hostname } from "node:os";
import {
  type Attributes,
  diag,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import { hostDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { AggregationTemporality, InMemoryMetricExporter } from "@opentelemetry/sdk-metrics";
import { AlwaysOnSampler, InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { createLogger } from "connect-clue";
import { propagatorsFromEnvironment } from "connect-clue/b3";
import { fakeClock } from "connect-clue/fake-clock";
import type { LogLine } from "connect-clue/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { parseLines } from "../../test/support/json-lines.js";
import { luckyId } from "../../test/support/sampling.js";
import { stubEnv } from "../../test/support/stub-env.js";
import { endSpans, telemetryOf } from "../../test/support/telemetry.js";
import { configureOpenTelemetry } from "./configure.js";
import { defaultSampler } from "./default-sampler.js";
import type { TelemetryOptions } from "./options.js";

// What is warned of goes to the root logger.
let text = "";
createLogger({
  default: true,
  format: "json",
  sink: {
    write(lines) {
      text += lines;
    },
  },
});

describe("the resource", () => {
  it.each<[string, object, Record<string, string>]>([
    ["the option", { service: "a" }, { OTEL_SERVICE_NAME: "b", OTEL_RESOURCE_ATTRIBUTES: "service.name=c" }],
    ["OTEL_SERVICE_NAME", {}, { OTEL_SERVICE_NAME: "a", OTEL_RESOURCE_ATTRIBUTES: "service.name=c" }],
    ["OTEL_RESOURCE_ATTRIBUTES", {}, { OTEL_SERVICE_NAME: " ", OTEL_RESOURCE_ATTRIBUTES: "service.name=a" }],
    ["the resource", { resource: { "service.name": "a" } }, { OTEL_SERVICE_NAME: "b" }],
    [
      "a real resource",
      { resource: resourceFromAttributes({ "service.name": "a" }) },
      { OTEL_SERVICE_NAME: "b" },
    ],
    [
      "a resource by shape",
      { resource: { attributes: { "service.name": "a" } } },
      { OTEL_SERVICE_NAME: "b" },
    ],
  ])("has the service's name from %s", async (_from, options, variables) => {
    stubEnv(variables);
    expect((await resourceOf({ ...options, detectResource: false }))["service.name"]).toBe("a");
  });

  it("needs the service's name", () => {
    expect(() => configureOpenTelemetry({ spanExporter: new InMemorySpanExporter() })).toThrow(
      new TypeError(
        "configureOpenTelemetry: service: expected the service's name, here or in OTEL_SERVICE_NAME, got undefined",
      ),
    );
  });

  it("tells of the host, the process and the instance; code wins over the environment, and that over what is found", async () => {
    stubEnv({ OTEL_RESOURCE_ATTRIBUTES: "process.pid=1,region=eu,tier=gold" });
    const resource = await resourceOf({
      service: "chat",
      version: "1",
      resource: { tier: "free", cores: 2 },
    });
    expect(resource).toMatchObject({
      "service.name": "chat",
      "service.version": "1",
      "service.instance.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "host.name": hostname(),
      "process.runtime.name": "nodejs",
      "process.pid": "1",
      "telemetry.sdk.name": "opentelemetry",
      region: "eu",
      tier: "free",
      cores: 2,
    });
  });

  it("tells nothing of the process that may be secret, nor what identifies the machine", async () => {
    const resource = await resourceOf({ service: "chat" });
    const keys = Object.keys(resource).filter((key) => /^(host|process)\./.test(key));
    expect(keys.sort()).toEqual([
      "host.arch",
      "host.name",
      "process.executable.name",
      "process.executable.path",
      "process.pid",
      "process.runtime.description",
      "process.runtime.name",
      "process.runtime.version",
    ]);
  });

  it("is made even if what it leaves out cannot be found", async () => {
    const failing = () => ({
      attributes: { "host.name": "a", "host.id": Promise.reject(new Error("none")) },
    });
    const detect = vi.spyOn(hostDetector, "detect").mockImplementation(failing);
    onTestFinished(() => detect.mockRestore());
    expect((await resourceOf({ service: "chat" }))["host.name"]).toBe("a");
  });

  it("tells them where code does", async () => {
    const resource = await resourceOf({ service: "chat", resource: { "process.owner": "me" } });
    expect(resource["process.owner"]).toBe("me");
  });

  it("tells only what the environment says of it when told so", async () => {
    stubEnv({ OTEL_RESOURCE_ATTRIBUTES: "region=eu" });
    const resource = await resourceOf({ service: "chat", detectResource: false });
    const keys = Object.keys(resource).filter((key) => !key.startsWith("telemetry."));
    expect(keys.sort()).toEqual(["region", "service.name"]);
  });

  it("waits for what takes time to find out", async () => {
    const later = resourceFromAttributes({ zone: new Promise((resolve) => setImmediate(resolve, "a")) });
    expect((await resourceOf({ service: "chat", resource: later })).zone).toBe("a");
  });
});

describe("OTEL_TRACES_SAMPLER", () => {
  const local = trace.setSpanContext(ROOT_CONTEXT, spanContext({ traceFlags: 1 }));
  const unsampled = trace.setSpanContext(ROOT_CONTEXT, spanContext({ traceFlags: 0 }));

  it.each<[string, string, boolean[]]>([
    ["always_on", "", [true, true, true]],
    ["always_off", "", [false, false, false]],
    ["traceidratio", "0", [false, false, false]],
    ["traceidratio", "1", [true, true, true]],
    ["traceidratio", "", [true, true, true]],
    ["parentbased_always_on", "", [true, true, false]],
    ["ParentBased_Always_Off", "", [false, true, false]],
    ["parentbased_traceidratio", "0.0", [false, true, false]],
    ["", "", [true, true, false]],
  ])("%s with %s", (name, arg, expected) => {
    stubEnv({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg });
    telemetryOf({ spanExporter: new InMemorySpanExporter() });
    const sampled = [ROOT_CONTEXT, local, unsampled].map((ctx) => {
      return trace.getTracer("t").startSpan("a", {}, ctx).spanContext().traceFlags === 1;
    });
    expect(sampled).toEqual(expected);
  });

  it.each([
    ["traceidratio", "1", "ot=th:0"],
    ["parentbased_traceidratio", "0.5", "ot=th:8"],
    ["always_on", "", "ot=th:0"],
  ])("%s with %s says so in the tracestate", (name, arg, state) => {
    stubEnv({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg });
    const root = defaultSampler().shouldSample(ROOT_CONTEXT, luckyId, "a", SpanKind.INTERNAL, {}, []);
    expect(root.traceState?.serialize()).toBe(state);
  });

  it("gives way to the option", () => {
    stubEnv({ OTEL_TRACES_SAMPLER: "always_off" });
    telemetryOf({ spanExporter: new InMemorySpanExporter(), sampler: new AlwaysOnSampler() });
    expect(trace.getTracer("t").startSpan("a").spanContext().traceFlags).toBe(1);
  });
});

describe("OTEL_PROPAGATORS", () => {
  it.each<[string, string[]]>([
    ["tracecontext", ["traceparent", "tracestate"]],
    [" Baggage , tracecontext,", ["baggage", "traceparent", "tracestate"]],
    ["none", []],
    ["jaeger,xray", ["traceparent", "tracestate", "baggage"]],
    [",", ["traceparent", "tracestate", "baggage"]],
    ["jaeger,baggage", ["baggage"]],
  ])("%s", async (variable, fields) => {
    stubEnv({ OTEL_PROPAGATORS: variable });
    await telemetryOf({}).shutdown();
    telemetryOf({ propagators: propagatorsFromEnvironment() });
    expect(propagation.fields()).toEqual(fields);
  });

  it.each<[string, string[]]>([
    [" B3 , baggage,", ["b3", "baggage"]],
    ["b3multi", ["x-b3-traceid", "x-b3-spanid", "x-b3-flags", "x-b3-sampled", "x-b3-parentspanid"]],
    ["jaeger,b3", ["b3"]],
  ])("%s: only with connect-clue/b3, and an error says so", (variable, fields) => {
    stubEnv({ OTEL_PROPAGATORS: variable });
    const name = fields.includes("b3") ? "b3" : "b3multi";
    expect(() => telemetryOf({})).toThrow(
      new Error(
        `configureOpenTelemetry: OTEL_PROPAGATORS names ${name}, which has an entry point of its own: import { propagatorsFromEnvironment } from "connect-clue/b3", and give propagators: propagatorsFromEnvironment()`,
      ),
    );
    telemetryOf({ propagators: propagatorsFromEnvironment() });
    expect(propagation.fields()).toEqual(fields);
  });

  it("gives way to the option", () => {
    stubEnv({ OTEL_PROPAGATORS: "b3" });
    telemetryOf({ propagators: ["baggage"] });
    expect(propagation.fields()).toEqual(["baggage"]);
  });
});

describe("the sizes and times of the SDK", () => {
  it("of batches", async (t) => {
    stubEnv({
      OTEL_BSP_MAX_QUEUE_SIZE: "5",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "3",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_BSP_EXPORT_TIMEOUT: "50",
    });
    const clock = fakeClock({ test: t });
    const batches: number[] = [];
    telemetryOf({
      shutdownTimeoutMs: 1,
      sampler: new AlwaysOnSampler(),
      detectResource: false,
      errorHandler: ({ message }) => batches.push(Number(/\d+/.exec(message))),
      spanExporter: { export: (spans) => batches.push(spans.length), shutdown: async () => {} },
    });
    endSpans(2);
    await clock.advance(99);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches.splice(0)).toEqual([2]);
    endSpans(9);
    await clock.advance(50);
    expect(batches).toEqual([4, 3]);
    clock.restore();
  });

  it("of spans", async () => {
    stubEnv({
      OTEL_ATTRIBUTE_COUNT_LIMIT: "3",
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "2",
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "4",
    });
    const spanExporter = new InMemorySpanExporter();
    const telemetry = telemetryOf({ spanExporter, sampler: new AlwaysOnSampler() });
    trace
      .getTracer("t")
      .startSpan("a", { attributes: { a: "12345", b: 2, c: 3 } })
      .end();
    await telemetry.forceFlush();
    expect(spanExporter.getFinishedSpans()[0]?.attributes).toEqual({ a: "1234", b: 2 });
  });

  it.each<[string, number]>([
    ["1234", 1234],
    ["", 60_000],
    ["soon", 60_000],
    ["0", 60_000],
    ["Infinity", 60_000],
    ["2147483648", 60_000],
    ["2147483647", 2147483647],
  ])("of metrics: an interval of %j", (interval, expected) => {
    stubEnv({ OTEL_METRIC_EXPORT_INTERVAL: interval });
    const set = vi.spyOn(globalThis, "setInterval");
    onTestFinished(() => set.mockRestore());
    telemetryOf({ metricExporter: new InMemoryMetricExporter(AggregationTemporality.DELTA) });
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([expected]);
  });
});

describe("OTEL_LOG_LEVEL", () => {
  it.each([
    ["", ["error", "warn"]],
    ["ERROR", ["error"]],
    ["none", []],
    ["all", ["error", "warn", "info", "info", "info"]],
  ])("%j", (level, expected) => {
    stubEnv({ OTEL_LOG_LEVEL: level });
    telemetryOf({ propagators: [] });
    written();
    diag.error("a");
    diag.warn("a");
    diag.info("a");
    diag.debug("a");
    diag.verbose("a");
    expect(written().map((line) => line.level)).toEqual(expected);
  });
});

describe("a variable that is no good", () => {
  it.each(["-0.1", "1.5", "half"])("is warned of and passed over: OTEL_TRACES_SAMPLER_ARG=%s", (got) => {
    stubEnv({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: got });
    written();
    expect(`${defaultSampler()}`).toBe("Probability{1}");
    const msg = "OTEL_TRACES_SAMPLER_ARG: passed over; it takes a number from 0 to 1";
    expect(written()).toEqual([{ time: "<time>", level: "warn", msg, got }]);
  });

  it.each([
    ["OTEL_TRACES_SAMPLER", "jaeger_remote", "always_on, always_off, traceidratio, parentbased_always_on"],
    ["OTEL_PROPAGATORS", "jaeger", "tracecontext, baggage, b3, b3multi, none"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "many", "a number from 1 to 2147483647"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "0", "a number from 1 to 2147483647"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "Infinity", "a number from 1 to 2147483647"],
    ["OTEL_BSP_SCHEDULE_DELAY", "2147483648", "a number from 0 to 2147483647"],
    ["OTEL_LOG_LEVEL", "loud", "none, error, warn, info, debug, verbose, all"],
  ])("is warned of and passed over: %s=%s", (name, value, accepts) => {
    stubEnv({ [name]: value });
    written();
    telemetryOf({ spanExporter: new InMemorySpanExporter() });
    expect(written()).toEqual([
      {
        time: "<time>",
        level: "warn",
        msg: expect.stringContaining(`${name}: passed over; it takes ${accepts}`),
        got: value,
      },
    ]);
  });
});

/** The lines since the last time. */
function written(): LogLine[] {
  const lines = parseLines(text);
  text = "";
  return lines;
}

/** The resource that a span carries when it is exported. */
async function resourceOf(options: TelemetryOptions): Promise<Attributes> {
  const spanExporter = new InMemorySpanExporter();
  const telemetry = configureOpenTelemetry({ ...options, spanExporter });
  onTestFinished(async () => {
    await telemetry.shutdown();
  });
  endSpans(1);
  await telemetry.forceFlush();
  return spanExporter.getFinishedSpans()[0]?.resource.attributes ?? {};
}

function spanContext({ traceFlags }: { readonly traceFlags: number }): SpanContext {
  return { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags, isRemote: true };
}

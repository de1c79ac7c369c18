import { Code, ConnectError } from "@connectrpc/connect";
import {
  createContextKey,
  type DiagLogger,
  diag,
  type MeterProvider,
  metrics as otel,
  ROOT_CONTEXT,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider as MeterProviderOfSdk,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { type TestMetrics, type TestPoint, testMetrics } from "connect-clue/testing-telemetry";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Chat, chatOver, type Interceptors, ways } from "../../test/support/context-chat.js";
import { collect, requestQueue } from "../../test/support/context-observe.js";
import { until } from "../../test/support/until.js";
import { type Call, liveCalls } from "../call/call.js";
import { observingClient, observingServer } from "../call/interceptor.js";
import type { CallObserverFactory, Side } from "../call/types.js";
import { serverInterceptor } from "../interceptors.js";
import { metricsObserver } from "./observer.js";
import type { MetricsOptions } from "./options.js";

/** The clock that calls are timed with, in milliseconds. It stands still unless a test moves it. */
let clock = 1000;

beforeEach(() => {
  clock = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => clock);
});
afterEach(async () => {
  vi.restoreAllMocks();
  otel.disable();
  diag.disable();
  await until(() => liveCalls.size === 0);
});

function measuring(side: Side, options: MetricsOptions = {}) {
  const observing = side === "server" ? observingServer : observingClient;
  return observing([metricsObserver(side, options)], () => true);
}

/** Both sides measured. */
function bothSides(options: MetricsOptions = {}): Interceptors {
  return { server: [measuring("server", options)], client: [measuring("client", options)] };
}

function method(name: string) {
  return { "rpc.system.name": "connectrpc", "rpc.method": `chat.v1.ChatService/${name}` };
}

/** The target in memory. */
const target = { "server.address": "in-memory", "server.port": 443 };
const anyTarget = { "server.address": expect.any(String), "server.port": expect.anything() };

function failed(code: string, isError = true) {
  return { "rpc.status_code": code, ...(isError && { "error.type": code }) };
}

/** The points of all metrics, by name. The sums of durations are among them: the time is the test's. */
async function pointsOf(metrics: TestMetrics): Promise<Readonly<Record<string, readonly TestPoint[]>>> {
  const collected = Object.entries(await metrics.collect({ durations: true }));
  return Object.fromEntries(collected.map(([name, { points }]) => [name, points]));
}

function point(attributes: object, value: unknown) {
  return { attributes, value };
}

const nothingTimed = { count: 1, sum: 0 };

const echo: Chat = {
  say: ({ text }) => ({ text }),
  async upload(requests) {
    return { count: (await collect(requests)).length };
  },
  async *countdown({ from }) {
    for (let n = from; n > 0; n--) yield { n };
  },
  async *chat(requests) {
    for await (const { text } of requests) yield { text };
  },
};

async function* texts(...all: string[]) {
  for (const text of all) yield { text };
}

describe("the metrics of calls that succeed", () => {
  it.each(ways)("tell of all four kinds, on both sides: %s", async (way) => {
    const metrics = testMetrics();
    const { client } = await chatOver(way, echo, bothSides(metrics.options));
    await client.say({ text: "hi" });
    await client.upload(texts("a", "b", "c"));
    await collect(client.countdown({ from: 2 }));
    await collect(client.chat(texts("a", "b")));
    await until(() => liveCalls.size === 0);

    const { "rpc.client.call.duration": calls = [], ...values } = await pointsOf(metrics);
    const [host, port] = way === "in memory" ? ["in-memory", 443] : ["127.0.0.1", "<port>"];
    const all = ["Say", "Upload", "Countdown", "Chat"];
    const streams = all.slice(1);
    const each = (names: string[], ...sums: unknown[]) =>
      names.map((name, i) => point(method(name), sums[i] ?? sums[0]));
    expect(calls).toEqual(
      all.map((name) =>
        point({ ...method(name), "server.address": host, "server.port": port }, nothingTimed),
      ),
    );
    expect(values).toEqual({
      "rpc.server.call.duration": each(all, nothingTimed),
      "clue.rpc.server.active_calls": each(all, 0),
      "clue.rpc.server.active_streams": each(streams, 0),
      "clue.rpc.server.received_messages": each(all, 1, 3, 1, 2),
      "clue.rpc.server.sent_messages": each(all, 1, 1, 2, 2),
      "clue.rpc.server.stream.time_to_first_message": each(streams, nothingTimed),
      "clue.rpc.server.stream.longest_gap": each(streams, nothingTimed),
      "clue.rpc.server.stream.longest_silence": each(streams, 0),
      "clue.rpc.client.active_calls": each(all, 0),
      "clue.rpc.client.active_streams": each(streams, 0),
      "clue.rpc.client.received_messages": each(all, 1, 1, 2, 2),
      "clue.rpc.client.sent_messages": each(all, 1, 3, 1, 2),
      "clue.rpc.client.stream.time_to_first_message": each(streams, nothingTimed),
      "clue.rpc.client.stream.longest_gap": each(streams, nothingTimed),
      "clue.rpc.client.stream.longest_silence": each(streams, 0),
    });
  });

  it("have names, units and buckets", async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const readers = [new PeriodicExportingMetricReader({ exporter })];
    const meterProvider = new MeterProviderOfSdk({ readers });
    onTestFinished(() => meterProvider.shutdown());
    const { client } = await chatOver("in memory", echo, {
      server: [measuring("server", { meterProvider })],
    });
    await collect(client.chat(texts("a")));
    await meterProvider.forceFlush();
    const [metrics] = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    const described = metrics?.metrics.map((metric) => {
      const { name, unit } = metric.descriptor;
      if (metric.dataPointType === DataPointType.HISTOGRAM) {
        return [name, unit, "histogram", metric.dataPoints[0]?.value.buckets.boundaries];
      }
      if (metric.dataPointType === DataPointType.SUM) {
        return [name, unit, metric.isMonotonic ? "counter" : "up-down counter"];
      }
      return [name, unit, "gauge"];
    });
    const seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    const hours = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600];
    expect(described).toEqual([
      ["rpc.server.call.duration", "s", "histogram", seconds],
      ["clue.rpc.server.stream.time_to_first_message", "s", "histogram", seconds],
      ["clue.rpc.server.stream.longest_gap", "s", "histogram", hours],
      ["clue.rpc.server.active_calls", "{call}", "up-down counter"],
      ["clue.rpc.server.active_streams", "{stream}", "up-down counter"],
      ["clue.rpc.server.received_messages", "{message}", "counter"],
      ["clue.rpc.server.sent_messages", "{message}", "counter"],
      ["clue.rpc.server.stream.longest_silence", "s", "gauge"],
    ]);
  });
});

describe("the duration of calls that fail", () => {
  it("has the code, and the type of the error where it is one for that side", async () => {
    const metrics = testMetrics();
    const { client } = await chatOver(
      "in memory",
      {
        say({ text }) {
          clock += 250;
          throw text === "bug" ? new Error("bug") : new ConnectError(text, Code[text as keyof typeof Code]);
        },
      },
      bothSides(metrics.options),
    );
    for (const text of ["bug", "NotFound", "NotFound", "Unavailable", "Canceled"]) {
      await client.say({ text }).catch(() => {});
    }
    const values = await pointsOf(metrics);
    const durations = (side: Side) => values[`rpc.${side}.call.duration`];
    const say = method("Say");
    expect(durations("server")).toEqual([
      point({ ...say, ...failed("internal") }, { count: 1, sum: 0.25 }),
      point({ ...say, ...failed("not_found", false) }, { count: 2, sum: 0.5 }),
      point({ ...say, ...failed("unavailable") }, { count: 1, sum: 0.25 }),
      point({ ...say, ...failed("canceled", false) }, { count: 1, sum: 0.25 }),
    ]);
    expect(durations("client")).toEqual([
      point({ ...say, ...target, ...failed("internal") }, { count: 1, sum: 0.25 }),
      point({ ...say, ...target, ...failed("not_found") }, { count: 2, sum: 0.5 }),
      point({ ...say, ...target, ...failed("unavailable") }, { count: 1, sum: 0.25 }),
      point({ ...say, ...target, ...failed("canceled") }, { count: 1, sum: 0.25 }),
    ]);
  });

  it.each(ways)("tells of calls that are cancelled: %s", async (way) => {
    const metrics = testMetrics();
    const { client } = await chatOver(way, echo, bothSides(metrics.options));
    const controller = new AbortController();
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests, { signal: controller.signal })[Symbol.asyncIterator]();
    requests.push({ text: "hi" });
    await responses.next();
    controller.abort();
    await responses.next().catch(() => {});
    await until(() => liveCalls.size === 0);

    const values = await pointsOf(metrics);
    const chat = method("Chat");
    expect(values["rpc.server.call.duration"]).toEqual([
      point({ ...chat, ...failed("canceled", false) }, nothingTimed),
    ]);
    expect(values["rpc.client.call.duration"]).toEqual([
      point({ ...chat, ...failed("canceled"), ...anyTarget }, nothingTimed),
    ]);
    expect(values["clue.rpc.server.active_calls"]).toEqual([point(chat, 0)]);
    expect(values["clue.rpc.client.active_calls"]).toEqual([point(chat, 0)]);
  });

  it("tells of calls that are out of time", async () => {
    // Deadlines need a clock that runs.
    vi.restoreAllMocks();
    const metrics = testMetrics();
    const { client } = await chatOver(
      "in memory",
      { say: () => new Promise<never>(() => {}) },
      bothSides(metrics.options),
    );
    await client.say({ text: "too late" }, { timeoutMs: 20 }).catch(() => {});
    await until(() => liveCalls.size === 0);
    const values = await pointsOf(metrics);
    const timed = { count: 1, sum: expect.any(Number) };
    const say = { ...method("Say"), ...failed("deadline_exceeded") };
    expect(values["rpc.server.call.duration"]).toEqual([point(say, timed)]);
    expect(values["rpc.client.call.duration"]).toEqual([point({ ...say, ...target }, timed)]);
  });
});

describe("the metrics of a stream", () => {
  it("tell of it while it lives, and of its times", async () => {
    const metrics = testMetrics();
    const slowEcho: Chat = {
      async *chat(requests) {
        for await (const { text } of requests) {
          clock += 50;
          yield { text };
        }
      },
    };
    const { client } = await chatOver("in memory", slowEcho, {
      server: [measuring("server", metrics.options)],
    });
    const chat = method("Chat");
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    await until(() => liveCalls.size === 1);
    const roundTrip = async (afterMs: number) => {
      clock += afterMs;
      requests.push({ text: "hi" });
      await responses.next();
    };

    await roundTrip(100);
    await roundTrip(5000);
    await roundTrip(3000);
    clock += 60_000;
    expect(await pointsOf(metrics)).toEqual({
      "clue.rpc.server.active_calls": [point(chat, 1)],
      "clue.rpc.server.active_streams": [point(chat, 1)],
      "clue.rpc.server.received_messages": [point(chat, 3)],
      // The last one counts when the transport asks for the next.
      "clue.rpc.server.sent_messages": [point(chat, 2)],
      "clue.rpc.server.stream.time_to_first_message": [point(chat, { count: 1, sum: 0.15 })],
      "clue.rpc.server.stream.longest_silence": [point(chat, 60)],
    });

    requests.end();
    await responses.next();
    await until(() => liveCalls.size === 0);
    expect(await pointsOf(metrics)).toEqual({
      "rpc.server.call.duration": [point(chat, { count: 1, sum: 68.25 })],
      "clue.rpc.server.active_calls": [point(chat, 0)],
      "clue.rpc.server.active_streams": [point(chat, 0)],
      "clue.rpc.server.received_messages": [point(chat, 3)],
      "clue.rpc.server.sent_messages": [point(chat, 3)],
      "clue.rpc.server.stream.time_to_first_message": [point(chat, { count: 1, sum: 0.15 })],
      "clue.rpc.server.stream.longest_gap": [point(chat, { count: 1, sum: 5 })],
      "clue.rpc.server.stream.longest_silence": [point(chat, 0)],
    });
  });

  it("tell of the one that has been silent for longest, of a silence from the start, too", async () => {
    const metrics = testMetrics();
    const { client } = await chatOver("in memory", echo, {
      client: [measuring("client", metrics.options)],
    });
    const silence = async () => (await pointsOf(metrics))["clue.rpc.client.stream.longest_silence"];
    const stuck = new AbortController();
    const never = collect(client.chat(requestQueue<{ text: string }>(), { signal: stuck.signal }));
    clock += 2000;
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    requests.push({ text: "hi" });
    await responses.next();
    clock += 500;
    expect(await silence()).toEqual([point(method("Chat"), 2.5)]);

    stuck.abort();
    await never.catch(() => {});
    expect(await silence()).toEqual([point(method("Chat"), 0.5)]);
    requests.end();
    await responses.next();
  });
});

describe("messages with trace metadata that is of no use", () => {
  it("are counted, while the stream lives and after it, once there are any", async () => {
    const metrics = testMetrics();
    const propagator = new W3CTraceContextPropagator();
    const options = {
      log: false,
      trace: { propagator },
      metrics: metrics.options,
    } as const;
    const { client } = await chatOver("in memory", echo, { server: [serverInterceptor(options)] });
    const ignored = async () => (await pointsOf(metrics))["clue.rpc.server.ignored_metadata"];
    const requests = requestQueue<{ text: string; traceMetadata: Record<string, string> }>();
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    const roundTrip = async (traceMetadata: Record<string, string>) => {
      requests.push({ text: "hi", traceMetadata });
      await responses.next();
    };
    await roundTrip({});
    expect(await ignored()).toBe(undefined);
    await roundTrip({ traceparent: "no trace" });
    await roundTrip({ traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` });
    await roundTrip({ tracestate: "a=b" });
    expect(await ignored()).toEqual([point(method("Chat"), 2)]);
    requests.end();
    await responses.next();
    await until(() => liveCalls.size === 0);
    expect(await ignored()).toEqual([point(method("Chat"), 2)]);
  });
});

describe("several interceptors on one provider", () => {
  it("add up", async () => {
    const metrics = testMetrics();
    const one = await chatOver("in memory", echo, { server: [measuring("server", metrics.options)] });
    const other = await chatOver("in memory", echo, { server: [measuring("server", metrics.options)] });
    await one.client.say({ text: "a" });
    await other.client.say({ text: "b" });
    await other.client.say({ text: "c" });
    const say = method("Say");
    expect(await pointsOf(metrics)).toEqual({
      "rpc.server.call.duration": [point(say, { count: 3, sum: 0 })],
      "clue.rpc.server.active_calls": [point(say, 0)],
      "clue.rpc.server.received_messages": [point(say, 3)],
      "clue.rpc.server.sent_messages": [point(say, 3)],
    });
  });
});

describe("the meter provider", () => {
  const durations = "rpc.server.call.duration";
  const once = [point(method("Say"), nothingTimed)];

  it("is the global one of the moment, registered late, replaced or taken away", async () => {
    const { client } = await chatOver("in memory", echo, { server: [measuring("server")] });
    const [first, second] = [testMetrics(), testMetrics()];
    await client.say({ text: "unmeasured" });
    otel.setGlobalMeterProvider(first.options.meterProvider);
    await client.say({ text: "first" });
    otel.disable();
    await client.say({ text: "unmeasured" });
    otel.setGlobalMeterProvider(second.options.meterProvider);
    await client.say({ text: "second" });
    otel.disable();
    otel.setGlobalMeterProvider(first.options.meterProvider);
    await client.say({ text: "first" });
    expect((await pointsOf(first))[durations]).toEqual([point(method("Say"), { count: 2, sum: 0 })]);
    expect((await pointsOf(second))[durations]).toEqual(once);
  });

  it("keeps the calls that began with it", async () => {
    const { client } = await chatOver("in memory", echo, { server: [measuring("server")] });
    const [first, second] = [testMetrics(), testMetrics()];
    otel.setGlobalMeterProvider(first.options.meterProvider);
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    requests.push({ text: "hi" });
    await responses.next();
    otel.disable();
    otel.setGlobalMeterProvider(second.options.meterProvider);
    await client.say({ text: "hi" });
    requests.end();
    await responses.next();
    await until(() => liveCalls.size === 0);
    expect((await pointsOf(first))[durations]).toEqual([point(method("Chat"), nothingTimed)]);
    expect((await pointsOf(second))[durations]).toEqual(once);
  });

  it("may be a given one", async () => {
    const [global, given] = [testMetrics(), testMetrics()];
    otel.setGlobalMeterProvider(global.options.meterProvider);
    const { client } = await chatOver("in memory", echo, {
      server: [measuring("server", given.options)],
    });
    await client.say({ text: "hi" });
    expect(await pointsOf(global)).toEqual({});
    expect((await pointsOf(given))[durations]).toEqual(once);
  });

  it("costs a call no observer where there is none", () => {
    const observe = metricsObserver("server", {});
    const desc = { name: "Say", parent: { typeName: "chat.v1.ChatService" } };
    expect(observe({ desc, path: "chat.v1.ChatService/Say", kind: "unary" } as never)).toBeUndefined();
  });

  it("is given the call's context with each value", async () => {
    const recordedIn: unknown[] = [];
    const histogram = {
      record: (_value: number, _attributes: unknown, ctx: unknown) => recordedIn.push(ctx),
    };
    const provider = testMetrics().options.meterProvider;
    const meterProvider: MeterProvider = {
      getMeter: (name, version) =>
        Object.assign(provider.getMeter(name, version), { createHistogram: () => histogram }),
    };
    const traced = ROOT_CONTEXT.setValue(createContextKey("a span"), "the call's");
    const trace: CallObserverFactory = (call) => {
      (call as Call).ctx = traced;
    };
    const { client } = await chatOver("in memory", echo, {
      server: [observingServer([trace, metricsObserver("server", { meterProvider })], () => true)],
    });
    await collect(client.countdown({ from: 2 }));
    expect(recordedIn.map((ctx) => ctx === traced)).toEqual([true, true, true]);
  });

  it("changes nothing for the call when it throws, and is reported once", async () => {
    const reports: unknown[] = [];
    const logger: DiagLogger = {
      error: (...args) => reports.push(args[1]),
      warn: () => {},
      info: () => {},
      debug: () => {},
      verbose: () => {},
    };
    diag.setLogger(logger);
    const fault = new Error("no meter");
    let asked = 0;
    const broken: MeterProvider = {
      getMeter: () => {
        asked++;
        throw fault;
      },
    };
    const { client } = await chatOver("in memory", echo, { server: [measuring("server")] });
    const before = testMetrics();
    otel.setGlobalMeterProvider(before.options.meterProvider);
    await client.say({ text: "measured" });
    otel.disable();
    otel.setGlobalMeterProvider(broken);
    expect((await client.say({ text: "a" })).text).toBe("a");
    expect((await client.say({ text: "b" })).text).toBe("b");
    expect({ asked, reports }).toEqual({ asked: 1, reports: [fault] });
    expect((await pointsOf(before))[durations]).toEqual(once);
  });
});

describe("the filter", () => {
  it("leaves methods out of all counts", async () => {
    const metrics = testMetrics();
    const { client } = await chatOver("in memory", echo, {
      server: [measuring("server", { ...metrics.options, filter: "*/Say" })],
    });
    await client.say({ text: "hi" });
    await client.upload(texts("a"));
    const say = method("Say");
    expect(await pointsOf(metrics)).toEqual({
      "rpc.server.call.duration": [point(say, nothingTimed)],
      "clue.rpc.server.active_calls": [point(say, 0)],
      "clue.rpc.server.received_messages": [point(say, 1)],
      "clue.rpc.server.sent_messages": [point(say, 1)],
    });
  });
});

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
import { DataPointType } from "@opentelemetry/sdk-metrics";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Chat, chatOver, type Interceptors, ways } from "../../test/support/context-chat.js";
import { collect, requestQueue } from "../../test/support/context-observe.js";
import { MetricCollector } from "../../test/support/metric-collector.js";
import { until } from "../../test/support/until.js";
import { type Call, liveCalls } from "../call/call.js";
import { observingInterceptor } from "../call/interceptor.js";
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
  return observingInterceptor({ side, observers: [metricsObserver(side, options)], filter: () => true });
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
const anyTarget = { "server.address": expect.any(String), "server.port": expect.any(Number) };

function failed(code: string, isError = true) {
  return { "rpc.status_code": code, ...(isError && { "error.type": code }) };
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
    const collector = new MetricCollector();
    const { client } = await chatOver(way, echo, bothSides({ meterProvider: collector.provider }));
    await client.say({ text: "hi" });
    await client.upload(texts("a", "b", "c"));
    await collect(client.countdown({ from: 2 }));
    await collect(client.chat(texts("a", "b")));
    await until(() => liveCalls.size === 0);

    const { "rpc.client.call.duration": calls = [], ...values } = await collector.values();
    const host = way === "in memory" ? "in-memory" : "127.0.0.1";
    const all = ["Say", "Upload", "Countdown", "Chat"];
    const streams = all.slice(1);
    const each = (names: string[], ...sums: unknown[]) =>
      names.map((name, i) => [method(name), sums[i] ?? sums[0]]);
    expect(calls).toEqual(
      all.map((name) => [
        { ...method(name), "server.address": host, "server.port": expect.any(Number) },
        nothingTimed,
      ]),
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
    const collector = new MetricCollector();
    const { client } = await chatOver("in memory", echo, {
      server: [measuring("server", { meterProvider: collector.provider })],
    });
    await collect(client.chat(texts("a")));
    const described = (await collector.metrics()).map((metric) => {
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
    const collector = new MetricCollector();
    const { client } = await chatOver(
      "in memory",
      {
        say({ text }) {
          clock += 250;
          throw text === "bug" ? new Error("bug") : new ConnectError(text, Code[text as keyof typeof Code]);
        },
      },
      bothSides({ meterProvider: collector.provider }),
    );
    for (const text of ["bug", "NotFound", "NotFound", "Unavailable", "Canceled"]) {
      await client.say({ text }).catch(() => {});
    }
    const values = await collector.values();
    const durations = (side: Side) => values[`rpc.${side}.call.duration`];
    const say = method("Say");
    expect(durations("server")).toEqual([
      [
        { ...say, ...failed("internal") },
        { count: 1, sum: 0.25 },
      ],
      [
        { ...say, ...failed("not_found", false) },
        { count: 2, sum: 0.5 },
      ],
      [
        { ...say, ...failed("unavailable") },
        { count: 1, sum: 0.25 },
      ],
      [
        { ...say, ...failed("canceled", false) },
        { count: 1, sum: 0.25 },
      ],
    ]);
    expect(durations("client")).toEqual([
      [
        { ...say, ...target, ...failed("internal") },
        { count: 1, sum: 0.25 },
      ],
      [
        { ...say, ...target, ...failed("not_found") },
        { count: 2, sum: 0.5 },
      ],
      [
        { ...say, ...target, ...failed("unavailable") },
        { count: 1, sum: 0.25 },
      ],
      [
        { ...say, ...target, ...failed("canceled") },
        { count: 1, sum: 0.25 },
      ],
    ]);
  });

  it.each(ways)("tells of calls that are cancelled: %s", async (way) => {
    const collector = new MetricCollector();
    const { client } = await chatOver(way, echo, bothSides({ meterProvider: collector.provider }));
    const controller = new AbortController();
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests, { signal: controller.signal })[Symbol.asyncIterator]();
    requests.push({ text: "hi" });
    await responses.next();
    controller.abort();
    await responses.next().catch(() => {});
    await until(() => liveCalls.size === 0);

    const values = await collector.values();
    const chat = method("Chat");
    expect(values["rpc.server.call.duration"]).toEqual([
      [{ ...chat, ...failed("canceled", false) }, nothingTimed],
    ]);
    expect(values["rpc.client.call.duration"]).toEqual([
      [{ ...chat, ...failed("canceled"), ...anyTarget }, nothingTimed],
    ]);
    expect(values["clue.rpc.server.active_calls"]).toEqual([[chat, 0]]);
    expect(values["clue.rpc.client.active_calls"]).toEqual([[chat, 0]]);
  });

  it("tells of calls that are out of time", async () => {
    // Deadlines need a clock that runs.
    vi.restoreAllMocks();
    const collector = new MetricCollector();
    const { client } = await chatOver(
      "in memory",
      { say: () => new Promise<never>(() => {}) },
      bothSides({ meterProvider: collector.provider }),
    );
    await client.say({ text: "too late" }, { timeoutMs: 20 }).catch(() => {});
    await until(() => liveCalls.size === 0);
    const values = await collector.values();
    const timed = { count: 1, sum: expect.any(Number) };
    const say = { ...method("Say"), ...failed("deadline_exceeded") };
    expect(values["rpc.server.call.duration"]).toEqual([[say, timed]]);
    expect(values["rpc.client.call.duration"]).toEqual([[{ ...say, ...target }, timed]]);
  });
});

describe("the metrics of a stream", () => {
  it("tell of it while it lives, and of its times", async () => {
    const collector = new MetricCollector();
    const slowEcho: Chat = {
      async *chat(requests) {
        for await (const { text } of requests) {
          clock += 50;
          yield { text };
        }
      },
    };
    const { client } = await chatOver("in memory", slowEcho, {
      server: [measuring("server", { meterProvider: collector.provider })],
    });
    const chat = method("Chat");
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    const roundTrip = async (afterMs: number) => {
      clock += afterMs;
      requests.push({ text: "hi" });
      await responses.next();
    };

    await roundTrip(100);
    await roundTrip(5000);
    await roundTrip(3000);
    clock += 60_000;
    expect(await collector.values()).toEqual({
      "clue.rpc.server.active_calls": [[chat, 1]],
      "clue.rpc.server.active_streams": [[chat, 1]],
      "clue.rpc.server.received_messages": [[chat, 3]],
      // The last one counts when the transport asks for the next.
      "clue.rpc.server.sent_messages": [[chat, 2]],
      "clue.rpc.server.stream.time_to_first_message": [[chat, { count: 1, sum: 0.15 }]],
      "clue.rpc.server.stream.longest_silence": [[chat, 60]],
    });

    requests.end();
    await responses.next();
    await until(() => liveCalls.size === 0);
    expect(await collector.values()).toEqual({
      "rpc.server.call.duration": [[chat, { count: 1, sum: 68.25 }]],
      "clue.rpc.server.active_calls": [[chat, 0]],
      "clue.rpc.server.active_streams": [[chat, 0]],
      "clue.rpc.server.received_messages": [[chat, 3]],
      "clue.rpc.server.sent_messages": [[chat, 3]],
      "clue.rpc.server.stream.time_to_first_message": [[chat, { count: 1, sum: 0.15 }]],
      "clue.rpc.server.stream.longest_gap": [[chat, { count: 1, sum: 5 }]],
      "clue.rpc.server.stream.longest_silence": [[chat, 0]],
    });
  });

  it("tell of the one that has been silent for longest, of a silence from the start, too", async () => {
    const collector = new MetricCollector();
    const { client } = await chatOver("in memory", echo, {
      client: [measuring("client", { meterProvider: collector.provider })],
    });
    const silence = async () => (await collector.values())["clue.rpc.client.stream.longest_silence"];
    const stuck = new AbortController();
    const never = collect(client.chat(requestQueue<{ text: string }>(), { signal: stuck.signal }));
    clock += 2000;
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    requests.push({ text: "hi" });
    await responses.next();
    clock += 500;
    expect(await silence()).toEqual([[method("Chat"), 2.5]]);

    stuck.abort();
    await never.catch(() => {});
    expect(await silence()).toEqual([[method("Chat"), 0.5]]);
    requests.end();
    await responses.next();
  });
});

describe("messages with trace metadata that is of no use", () => {
  it("are counted, while the stream lives and after it, once there are any", async () => {
    const collector = new MetricCollector();
    const propagator = new W3CTraceContextPropagator();
    const options = {
      log: false,
      trace: { propagator },
      metrics: { meterProvider: collector.provider },
    } as const;
    const { client } = await chatOver("in memory", echo, { server: [serverInterceptor(options)] });
    const ignored = async () => (await collector.values())["clue.rpc.server.ignored_metadata"];
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
    expect(await ignored()).toEqual([[method("Chat"), 2]]);
    requests.end();
    await responses.next();
    await until(() => liveCalls.size === 0);
    expect(await ignored()).toEqual([[method("Chat"), 2]]);
  });
});

describe("several interceptors on one provider", () => {
  it("add up", async () => {
    const collector = new MetricCollector();
    const options = { meterProvider: collector.provider };
    const one = await chatOver("in memory", echo, { server: [measuring("server", options)] });
    const other = await chatOver("in memory", echo, { server: [measuring("server", options)] });
    await one.client.say({ text: "a" });
    await other.client.say({ text: "b" });
    await other.client.say({ text: "c" });
    const say = method("Say");
    expect(await collector.values()).toEqual({
      "rpc.server.call.duration": [[say, { count: 3, sum: 0 }]],
      "clue.rpc.server.active_calls": [[say, 0]],
      "clue.rpc.server.received_messages": [[say, 3]],
      "clue.rpc.server.sent_messages": [[say, 3]],
    });
  });
});

describe("the meter provider", () => {
  const durations = "rpc.server.call.duration";
  const once = [[method("Say"), nothingTimed]];

  it("is the global one of the moment, registered late, replaced or taken away", async () => {
    const { client } = await chatOver("in memory", echo, { server: [measuring("server")] });
    const [first, second] = [new MetricCollector(), new MetricCollector()];
    await client.say({ text: "unmeasured" });
    otel.setGlobalMeterProvider(first.provider);
    await client.say({ text: "first" });
    otel.disable();
    await client.say({ text: "unmeasured" });
    otel.setGlobalMeterProvider(second.provider);
    await client.say({ text: "second" });
    otel.disable();
    otel.setGlobalMeterProvider(first.provider);
    await client.say({ text: "first" });
    expect((await first.values())[durations]).toEqual([[method("Say"), { count: 2, sum: 0 }]]);
    expect((await second.values())[durations]).toEqual(once);
  });

  it("keeps the calls that began with it", async () => {
    const { client } = await chatOver("in memory", echo, { server: [measuring("server")] });
    const [first, second] = [new MetricCollector(), new MetricCollector()];
    otel.setGlobalMeterProvider(first.provider);
    const requests = requestQueue<{ text: string }>();
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    requests.push({ text: "hi" });
    await responses.next();
    otel.disable();
    otel.setGlobalMeterProvider(second.provider);
    await client.say({ text: "hi" });
    requests.end();
    await responses.next();
    await until(() => liveCalls.size === 0);
    expect((await first.values())[durations]).toEqual([[method("Chat"), nothingTimed]]);
    expect((await second.values())[durations]).toEqual(once);
  });

  it("may be a given one", async () => {
    const [global, given] = [new MetricCollector(), new MetricCollector()];
    otel.setGlobalMeterProvider(global.provider);
    const { client } = await chatOver("in memory", echo, {
      server: [measuring("server", { meterProvider: given.provider })],
    });
    await client.say({ text: "hi" });
    expect(await global.values()).toEqual({});
    expect((await given.values())[durations]).toEqual(once);
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
    const { provider } = new MetricCollector();
    const meterProvider: MeterProvider = {
      getMeter: (name, version) =>
        Object.assign(provider.getMeter(name, version), { createHistogram: () => histogram }),
    };
    const traced = ROOT_CONTEXT.setValue(createContextKey("a span"), "the call's");
    const trace: CallObserverFactory = (call) => {
      (call as Call).ctx = traced;
    };
    const { client } = await chatOver("in memory", echo, {
      server: [
        observingInterceptor({
          side: "server",
          observers: [trace, metricsObserver("server", { meterProvider })],
          filter: () => true,
        }),
      ],
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
    const before = new MetricCollector();
    otel.setGlobalMeterProvider(before.provider);
    await client.say({ text: "measured" });
    otel.disable();
    otel.setGlobalMeterProvider(broken);
    expect((await client.say({ text: "a" })).text).toBe("a");
    expect((await client.say({ text: "b" })).text).toBe("b");
    expect({ asked, reports }).toEqual({ asked: 1, reports: [fault] });
    expect((await before.values())[durations]).toEqual(once);
  });
});

describe("the filter", () => {
  it("leaves methods out of all counts", async () => {
    const collector = new MetricCollector();
    const { client } = await chatOver("in memory", echo, {
      server: [measuring("server", { meterProvider: collector.provider, filter: "*/Say" })],
    });
    await client.say({ text: "hi" });
    await client.upload(texts("a"));
    const say = method("Say");
    expect(await collector.values()).toEqual({
      "rpc.server.call.duration": [[say, nothingTimed]],
      "clue.rpc.server.active_calls": [[say, 0]],
      "clue.rpc.server.received_messages": [[say, 1]],
      "clue.rpc.server.sent_messages": [[say, 1]],
    });
  });
});

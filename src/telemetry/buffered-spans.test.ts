import { createTraceState, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { contextOf, serverInterceptor } from "connect-clue";
import { describe, expect, it } from "vitest";
import {
  allEnded,
  BufferedTraces,
  makeSpan,
  neverSampled,
  notFound,
  tracedServer,
} from "../../test/support/buffered-traces.js";
import { chatOver } from "../../test/support/context-chat.js";
import { callByHand, endWith } from "../../test/support/hand-made-call.js";
import { contextIn } from "../../test/support/sampling.js";
import { comparable } from "../testing/test-span.js";
import { type BufferSpansOptions, bufferSpans } from "./buffered-spans.js";
import { probabilitySampler } from "./probability.js";
import { Decision, type SamplerLike } from "./sdk-types.js";

describe("the spans of an unsampled call", () => {
  it("are recorded, and forgotten when it succeeds", async () => {
    const traces = new BufferedTraces();
    const flags: number[] = [];
    const client = await tracedServer(traces, {
      say(_, context) {
        const child = traces.tracer.startSpan("child", {}, contextOf(context));
        flags.push(child.spanContext().traceFlags, child.isRecording() ? 1 : 0);
        child.end();
        return {};
      },
    });
    await client.say({});
    await allEnded(traces);
    expect(flags).toEqual([0, 1]);
    expect([traces.started, traces.ended.length, traces.exported.length]).toEqual([2, 2, 0]);
  });

  it("are exported whole when it fails", async () => {
    const traces = new BufferedTraces();
    const client = await tracedServer(traces, {
      say(_, context) {
        const outer = traces.tracer.startSpan("outer", { attributes: { n: 1 } }, contextOf(context));
        makeSpan(traces, "inner", trace.setSpan(contextOf(context), outer));
        outer.end();
        throw notFound;
      },
    });
    await expect(client.say({})).rejects.toThrow("not here");
    await allEnded(traces);
    const byStart = [...traces.exported].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    expect(comparable(byStart)).toEqual([
      {
        kind: "server",
        name: "chat.v1.ChatService/Say",
        trace: "trace 1",
        span: "span 1",
        attributes: expect.objectContaining({ "rpc.status_code": "not_found" }),
      },
      {
        kind: "internal",
        name: "outer",
        trace: "trace 1",
        span: "span 2",
        parent: "span 1",
        attributes: { n: 1 },
      },
      { kind: "internal", name: "inner", trace: "trace 1", span: "span 3", parent: "span 2", attributes: {} },
    ]);
    expect(traces.exported.every(({ ended, duration }) => ended && duration[0] === 0)).toBe(true);
  });
  const order = ["chat.v1.ChatService/Say", "outer", "inner"];

  it.each(["error", "deadline", "shutdown", "abandoned", "canceled"] as const)(
    "are exported when a server's call ends as %s",
    (type) => {
      const traces = new BufferedTraces();
      const call = callByHand();
      makeSpan(traces, "child", call.ctx);
      endWith(call, type);
      expect(traces.names).toEqual(["child"]);
    },
  );

  it("are not exported when a client cancels its own call", () => {
    const traces = new BufferedTraces();
    const call = callByHand({ side: "client" });
    makeSpan(traces, "child", call.ctx);
    endWith(call, "canceled");
    expect(traces.names).toEqual([]);
  });

  it("carry no threshold: none that a parent had, and none of the sampler's", async () => {
    const sampler: SamplerLike = {
      shouldSample: () => ({
        decision: Decision.record,
        attributes: { mine: true },
        traceState: createTraceState("ot=th:c,a=b"),
      }),
      toString: () => "mine",
    };
    for (const [traces, traceState] of [
      [new BufferedTraces(), "a=b"],
      [new BufferedTraces({}, sampler), "a=b"],
    ] as const) {
      const call = callByHand();
      const parent = { sampled: false, remote: true, traceState: createTraceState("ot=th:8,a=b") };
      makeSpan(traces, "child", contextIn(parent, call.ctx));
      endWith(call, "error");
      expect(traces.exported.map((span) => span.spanContext().traceState?.serialize())).toEqual([traceState]);
    }
  });

  it.each([
    [{ slowerThanMs: 0 }, "ok", ["child"]],
    [{ slowerThanMs: 1e9 }, "ok", []],
    [{ slowerThanMs: 1e9 }, "error", ["child"]],
    [{ slowerThanMs: 1e9, onError: false }, "error", []],
    [{ slowerThanMs: 0, onError: false }, "error", ["child"]],
  ] as const)("%j: %s exports %j", (options, outcome, names) => {
    const traces = new BufferedTraces(options);
    const call = callByHand();
    makeSpan(traces, "child", call.ctx);
    endWith(call, outcome);
    expect(traces.names).toEqual(names);
  });

  it("follow the outcome when they end after it", () => {
    const traces = new BufferedTraces();
    for (const outcome of ["ok", "error"] as const) {
      const call = callByHand();
      const late = traces.tracer.startSpan(`late ${outcome}`, {}, call.ctx);
      endWith(call, outcome);
      late.end();
      makeSpan(traces, `later ${outcome}`, call.ctx);
    }
    expect(traces.names).toEqual(["late error", "later error"]);
    expect(traces.ended.length).toBe(traces.started);
  });

  it.each([{ streamSpan: "off" }, { filter: "none.*" }] as const)(
    "are exported without a span of the call itself: %j",
    async (options) => {
      const traces = new BufferedTraces();
      const server = serverInterceptor({
        log: false,
        metrics: false,
        trace: { ...traces.options, ...options },
      });
      const { client } = await chatOver(
        "gRPC",
        {
          countdown(_, context): never {
            makeSpan(traces, "child", contextOf(context));
            throw notFound;
          },
        },
        { server: [server] },
      );
      await expect(client.countdown({})[Symbol.asyncIterator]().next()).rejects.toThrow("not here");
      await allEnded(traces);
      expect(traces.names).toEqual(["child"]);
    },
  );
});

describe("sampled spans", () => {
  it("go straight through, as they are", () => {
    const traces = new BufferedTraces({}, probabilitySampler(1));
    const call = callByHand();
    const child = traces.tracer.startSpan("child", {}, call.ctx);
    child.end();
    expect(traces.ended[0]).toBe(child);
    call.succeed();
    expect(traces.names).toEqual(["child"]);
  });
});

describe("spans outside of calls", () => {
  it("are what the sampler says", () => {
    const traces = new BufferedTraces();
    const span = traces.tracer.startSpan("dropped", {}, ROOT_CONTEXT);
    expect(span.isRecording()).toBe(false);
    const recorder: SamplerLike = { shouldSample: () => ({ decision: Decision.record }), toString: () => "" };
    const recorded = new BufferedTraces({}, recorder);
    recorded.tracer.startSpan("recorded", {}, ROOT_CONTEXT).end();
    expect([recorded.ended.length, recorded.exported.length]).toEqual([1, 0]);
  });
});

describe("the options", () => {
  it.each([
    [{ onError: "yes" }, 'bufferSpans: onError: expected true or false, got "yes"'],
    [
      { onError: false },
      "bufferSpans: with onError: false it needs slowerThanMs, or nothing is ever exported",
    ],
    [{ slowerThanMs: -1 }, "bufferSpans: slowerThanMs: expected a number of milliseconds, got -1"],
    [{ slowerThanMs: "1s" }, 'bufferSpans: slowerThanMs: expected a number of milliseconds, got "1s"'],
    [{ maxSpansPerCall: 0 }, "bufferSpans: maxSpansPerCall: expected a number from 1 on, got 0"],
    [{ maxSpans: Number.NaN }, "bufferSpans: maxSpans: expected a number from 1 on, got NaN"],
    [
      { onFail: true },
      'bufferSpans: there is no option "onFail"; there are onError, slowerThanMs, maxSpansPerCall, maxSpans',
    ],
  ])("%j: %s", (options, message) => {
    expect(() => new BufferedTraces(options as BufferSpansOptions)).toThrow(new TypeError(message));
  });

  it("are nothing without a sampler and a processor", () => {
    const buffer = bufferSpans as (...args: unknown[]) => unknown;
    expect(() => buffer({}, undefined, undefined)).toThrow(
      new TypeError("bufferSpans: sampler: expected an object with shouldSample, got undefined"),
    );
    expect(() => buffer({}, neverSampled, {})).toThrow(
      new TypeError(
        "bufferSpans: next: expected an object with onStart, onEnd, forceFlush, shutdown, got an object",
      ),
    );
  });

  it("the sampler names itself and the one in it", () => {
    const { sampler } = bufferSpans({}, neverSampled, new BufferedTraces());
    expect(`${sampler}`).toBe("Buffered{ParentBased{Probability{0}}}");
  });
});

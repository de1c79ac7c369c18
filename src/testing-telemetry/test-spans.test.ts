import { ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { serverInterceptor } from "../index.js";
import { spanMatches, testCall } from "../testing/index.js";
import { testSpans } from "./index.js";

const far = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1, isRemote: true };

/** A trace of two spans and an event, and a span of another process's trace. */
function makeSpans(spans = testSpans()) {
  const tracer = spans.options.tracerProvider.getTracer("test");
  const outer = tracer.startSpan("outer", { attributes: { n: 1, "server.port": 40_000 } }, ROOT_CONTEXT);
  const inner = tracer.startSpan("inner", { links: [{ context: far }] }, trace.setSpan(ROOT_CONTEXT, outer));
  const foreign = tracer.startSpan("foreign", {}, trace.setSpanContext(ROOT_CONTEXT, far));
  inner.addEvent("exception", { "exception.stacktrace": "Error: no\n    at a.js:1\n    at b.js:2" });
  inner.setStatus({ code: SpanStatusCode.ERROR, message: "no" });
  inner.end();
  outer.end();
  return { spans, foreign, outer };
}

describe("testSpans", () => {
  it("has spans to compare as a whole, with names in place of ids", () => {
    expect(makeSpans().spans.all()).toEqual([
      {
        kind: "internal",
        name: "outer",
        trace: "trace 1",
        span: "span 1",
        attributes: { n: 1, "server.port": "<port>" },
      },
      {
        kind: "internal",
        name: "inner",
        trace: "trace 1",
        span: "span 2",
        parent: "span 1",
        links: [`remote ${far.spanId} of ${far.traceId}`],
        attributes: {},
        status: "error: no",
        events: [["exception", { "exception.stacktrace": "Error: no\n<frames>" }]],
      },
      {
        kind: "internal",
        name: "foreign",
        trace: far.traceId,
        span: "span 3",
        parent: `remote ${far.spanId}`,
        attributes: {},
        ended: false,
      },
    ]);
  });

  it("draws the tree, and gives the SDK's spans as they end", () => {
    const { spans, foreign } = makeSpans();
    expect(spans.tree()).toBe(
      [
        "outer (internal)",
        `  inner (internal) error: no, linked to remote ${far.spanId} of ${far.traceId}`,
        `foreign (internal), not ended, under remote ${far.spanId}`,
      ].join("\n"),
    );
    foreign.end();
    expect(spans.finished().map(({ name }) => name)).toEqual(["inner", "outer", "foreign"]);
    spans.clear();
    expect([spans.all(), spans.finished(), spans.tree()]).toEqual([[], [], ""]);
  });

  it("forgets spans that end after they were cleared", () => {
    const { spans, foreign } = makeSpans();
    spans.clear();
    foreign.end();
    expect(spans.finished()).toEqual([]);
  });

  it("waits for spans to end", async () => {
    const spans = testSpans();
    const ended = spans.ended(1);
    const span = spans.options.tracerProvider.getTracer("test").startSpan("one", {}, ROOT_CONTEXT);
    span.end();
    expect(await ended).toEqual(spans.all());
    expect(await spans.ended(0)).toHaveLength(1);
  });

  it("tells what there was instead", async () => {
    await expect(testSpans().ended(1, { timeoutMs: 1 })).rejects.toThrow(
      new Error("not 1 ended spans within 1 ms; there was none"),
    );
    const { spans } = makeSpans();
    const error = await spans.ended(3, { timeoutMs: 1 }).catch((thrown) => thrown);
    expect(error.message).toBe(
      `not 3 ended spans within 1 ms; there were 3:\n${spans.tree().replace(/^/gm, "  ")}`,
    );
    await expect(spans.ended(-1)).rejects.toThrow(
      new TypeError("ended(count): expected a number of spans, got -1"),
    );
  });

  it("traces a call, registering nothing", async () => {
    const spans = testSpans();
    const headers = { traceparent: `00-${far.traceId}-${far.spanId}-01`, baggage: "tenant=acme" };
    const interceptors = [serverInterceptor({ log: false, trace: spans.options })];
    await testCall(ChatService.method.say, () => ({}), { headers, interceptors }).response;
    expect(await spans.ended(1)).toEqual([
      {
        kind: "server",
        name: "chat.v1.ChatService/Say",
        trace: far.traceId,
        span: "span 1",
        parent: `remote ${far.spanId}`,
        attributes: {
          "rpc.system.name": "connectrpc",
          "rpc.method": "chat.v1.ChatService/Say",
          "server.address": "in-memory",
          "server.port": 443,
        },
      },
    ]);
    expect(trace.getTracer("x").startSpan("y").isRecording()).toBe(false);
  });

  it("samples and propagates as it is told, and lets others hear of the spans", () => {
    const heard: string[] = [];
    const other = {
      onStart: () => {},
      onEnd: ({ name }: { name: string }) => void heard.push(name),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const sampler = { shouldSample: () => ({ decision: 1 }), toString: () => "records" };
    const propagator = { inject: () => {}, extract: () => ROOT_CONTEXT, fields: () => [] };
    const spans = testSpans({ sampler, propagator, spanProcessors: [other] });
    makeSpans(spans);
    expect([heard, spans.all()[0]?.sampled, spans.options.propagator]).toEqual([
      ["inner", "outer"],
      false,
      propagator,
    ]);
  });

  it.each<[string, () => unknown]>([
    [
      'testSpans: there is no option "exporter"; there are sampler, propagator, spanProcessors',
      () => testSpans({ exporter: 1 } as never),
    ],
    [
      "testSpans: sampler: expected an object with shouldSample, got 1",
      () => testSpans({ sampler: 1 } as never),
    ],
    [
      "testSpans: propagator: expected an object with inject, extract, fields, got an object",
      () => testSpans({ propagator: {} } as never),
    ],
    [
      "testSpans: spanProcessors: expected a list of span processors, got an object",
      () => testSpans({ spanProcessors: {} } as never),
    ],
  ])("%s", (message, make) => {
    expect(make).toThrow(new TypeError(message));
  });
});

describe("spanMatches", () => {
  const spans = makeSpans().spans.all();
  const names = (match: Parameters<typeof spanMatches>[1]) =>
    spans.filter((span) => spanMatches(span, match, spans)).map(({ name }) => name);

  it.each([
    ["a name", "inner", ["inner"]],
    ["a pattern", /er$/, ["outer", "inner"]],
    ["a kind", { kind: "internal" }, ["outer", "inner", "foreign"]],
    ["attributes", { attributes: { n: 1, m: undefined } }, ["outer"]],
    ["no attribute", { attributes: { n: undefined } }, ["inner", "foreign"]],
    ["a status", { status: "error: no" }, ["inner"]],
    ["an unset status", { status: "unset" }, ["outer", "foreign"]],
    ["the parent's name", { parent: "outer" }, ["inner"]],
    ["no parent", { parent: null }, ["outer"]],
    ["a parent from elsewhere", { parent: /^remote/ }, ["foreign"]],
    ["events", { events: [/^exc/] }, ["inner"]],
    ["all at once", { name: /./, kind: "internal", status: /no/, parent: "outer", events: [] }, ["inner"]],
    ["what is undefined", { name: "outer", parent: undefined }, ["outer"]],
  ] as const)("finds by %s", (_, match, expected) => {
    expect(names(match as Parameters<typeof spanMatches>[1])).toEqual(expected);
  });

  it("takes descriptions only", () => {
    expect(() => names({ names: "a" } as never)).toThrow(
      new TypeError(
        "a span: expected a name, a RegExp or { name, kind, attributes, status, parent, events }, got an object",
      ),
    );
  });
});

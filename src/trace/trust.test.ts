import type { Interceptor } from "@connectrpc/connect";
import { propagation, ROOT_CONTEXT, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { ParentBasedSampler, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import { contextOf, type TraceOptions } from "connect-clue";
import { type TestSpans, testSpans } from "connect-clue/testing-telemetry";
import { describe, expect, it } from "vitest";
import { type ChatHandlers, type ChatOptions, startChat } from "../../test/support/chat-server.js";
import { rpcAttributes } from "../../test/support/rpc-attributes.js";
import { drain, spanOf } from "../../test/support/traced-chat.js";
import { runIn } from "../call/implicit.js";

const caller = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
const headers = {
  traceparent: `00-${caller.traceId}-${caller.spanId}-01`,
  tracestate: "vendor=1",
  baggage: "tenant=acme",
};

/** The spans of a server that a client with headers of its own calls, and what the handler finds in its context. */
async function serve(
  server: TraceOptions,
  { recorder = testSpans(), sent = headers, ...options }: Called = {},
) {
  const found: unknown[] = [];
  const handlers: ChatHandlers = {
    say(_, context) {
      const ctx = contextOf(context);
      found.push(
        trace.getSpanContext(ctx)?.traceState?.serialize(),
        propagation.getBaggage(ctx)?.getAllEntries(),
      );
      return {};
    },
  };
  const chat = await startChat(handlers, {
    ...options,
    serverOptions: { trace: { ...recorder.options, ...server } },
    clientOptions: { trace: false },
  });
  await chat.client.say({}, { headers: sent });
  await chat.server.ended();
  return { spans: recorder.all(), found };
}

interface Called extends ChatOptions {
  readonly recorder?: TestSpans;
  readonly sent?: Record<string, string>;
}

const baggage = [["tenant", { value: "acme" }]];

/** The server's span, without the parent that it has in other tests. */
function rootSpan(http: "memory" | "2" = "2") {
  const { parent: _, ...span } = spanOf("server", "Say", { span: "span 1" }, http);
  return span;
}

describe("a caller that is trusted", () => {
  it.each(["memory", "2"] as const)(
    "is the parent, its state and baggage are taken: http %s",
    async (http) => {
      const { spans, found } = await serve({}, { http });
      expect(spans).toEqual([
        { ...rootSpan(http), trace: caller.traceId, parent: `remote ${caller.spanId}` },
      ]);
      expect(found).toEqual(["vendor=1", baggage]);
    },
  );

  it("decides whether the call is sampled", async () => {
    const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(1) });
    const recorder = testSpans({ sampler });
    const sent = { traceparent: headers.traceparent.replace(/01$/, "00") };
    expect((await serve({}, { recorder, sent })).spans).toEqual([]);
  });

  it.each([
    ["no traceparent", {}],
    ["a broken one", { traceparent: "00-xyz" }],
    ["one of zeros", { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-01` }],
  ])("with %s leaves the span a root", async (_, sent) => {
    expect((await serve({}, { sent })).spans).toEqual([rootSpan()]);
  });
});

it("takes the baggage of a trusted caller that has no span", async () => {
  const { spans, found } = await serve({}, { sent: { baggage: headers.baggage } });
  expect(spans).toEqual([rootSpan()]);
  expect(found).toEqual([undefined, baggage]);
});

describe("a caller that is not trusted", () => {
  it.each(["memory", "2"] as const)(
    "is linked from a trace of its own, and nothing else is taken: http %s",
    async (http) => {
      const { spans, found } = await serve({ trustRemote: false }, { http });
      const links = [`remote ${caller.spanId} of ${caller.traceId}`];
      expect(spans).toEqual([{ ...rootSpan(http), links }]);
      expect(found).toEqual([undefined, undefined]);
    },
  );

  it("does not decide whether the call is sampled", async () => {
    const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(1) });
    const recorder = testSpans({ sampler });
    const sent = { traceparent: headers.traceparent.replace(/01$/, "00") };
    const links = [`remote ${caller.spanId} of ${caller.traceId}`];
    const { spans } = await serve({ trustRemote: false }, { recorder, sent });
    expect(spans).toEqual([{ ...rootSpan(), links }]);
  });

  it("is not linked when it has no span", async () => {
    const { baggage } = headers;
    const { spans, found } = await serve({ trustRemote: false }, { sent: { baggage } });
    expect(spans).toEqual([rootSpan()]);
    expect(found).toEqual([undefined, undefined]);
  });

  it("is a kit's client in the same process as much as any other", async () => {
    const spans = testSpans();
    const chat = await startChat(
      { say: () => ({}) },
      {
        http: "memory",
        serverOptions: { trace: { ...spans.options, trustRemote: false } },
        clientOptions: { trace: spans.options },
      },
    );
    await chat.client.say({});
    expect(await spans.ended(2)).toEqual([
      spanOf("client", "Say", {}, "memory"),
      { ...rootSpan("memory"), trace: "trace 2", span: "span 2", links: ["remote span 1 of trace 1"] },
    ]);
  });

  it("is linked from the opening of a stream, with two spans for it", async () => {
    const spans = testSpans();
    const trustRemote = false;
    const chat = await startChat(
      {
        async *countdown() {
          yield {};
        },
      },
      {
        serverOptions: { trace: { ...spans.options, trustRemote, streamSpan: "linked" } },
        clientOptions: { trace: false },
      },
    );
    await drain(chat.client.countdown({}, { headers }));
    const attributes = rpcAttributes("server", "Countdown");
    const span = { kind: "server", name: "chat.v1.ChatService/Countdown", trace: "trace 1" };
    expect(await spans.ended(2)).toEqual([
      {
        ...span,
        span: "span 1",
        links: [`remote ${caller.spanId} of ${caller.traceId}`],
        attributes: { ...attributes, "clue.stream.phase": "open" },
      },
      {
        ...span,
        span: "span 2",
        parent: "span 1",
        links: ["span 1 of trace 1"],
        attributes: {
          ...attributes,
          "clue.stream.phase": "end",
          "clue.messages.received": 1,
          "clue.messages.sent": 1,
        },
      },
    ]);
  });
});

describe("an instrumented HTTP server around the kit", () => {
  /** Begins a span as such an instrumentation does, from the same headers or on its own, and leaves it active. */
  function instrumented({ options }: TestSpans, readsHeaders: boolean): Interceptor {
    const tracer: Tracer = options.tracerProvider.getTracer("http");
    return (next) => (request) => {
      const getter = { get: (from: Headers, key: string) => from.get(key) ?? undefined, keys: () => [] };
      const parent = readsHeaders
        ? options.propagator.extract(ROOT_CONTEXT, request.header, getter)
        : ROOT_CONTEXT;
      const span = tracer.startSpan("POST", { kind: SpanKind.SERVER }, parent);
      return runIn(trace.setSpan(ROOT_CONTEXT, span), next, request).finally(() => span.end());
    };
  }

  const alone = { kind: "server", name: "POST", trace: "trace 1", span: "span 1", attributes: {} };
  const joined = { ...alone, trace: caller.traceId, parent: `remote ${caller.spanId}` };
  const child = (trace: string) => spanOf("server", "Say", { trace, span: "span 2", parent: "span 1" });

  it("stays the parent, and the baggage is taken", async () => {
    const recorder = testSpans();
    const { spans, found } = await serve({}, { recorder, outer: [instrumented(recorder, true)] });
    expect(spans).toEqual([joined, child(caller.traceId)]);
    expect(found).toEqual(["vendor=1", baggage]);
  });

  it("stays the parent of a call without headers", async () => {
    const recorder = testSpans();
    const { spans } = await serve({}, { recorder, sent: {}, outer: [instrumented(recorder, false)] });
    expect(spans).toEqual([alone, child("trace 1")]);
  });

  it("is no parent when it began a trace of its own and the caller is trusted", async () => {
    const recorder = testSpans();
    const { spans } = await serve({}, { recorder, outer: [instrumented(recorder, false)] });
    const place = { trace: caller.traceId, span: "span 2", parent: `remote ${caller.spanId}` };
    expect(spans).toEqual([alone, spanOf("server", "Say", place)]);
  });

  it("stays the parent when the caller is not trusted", async () => {
    const recorder = testSpans();
    const outer = [instrumented(recorder, true)];
    const { spans } = await serve({ trustRemote: false }, { recorder, outer });
    expect(spans).toEqual([joined, child(caller.traceId)]);
  });

  it("stays the parent when the caller is not trusted and says nothing", async () => {
    const recorder = testSpans();
    const outer = [instrumented(recorder, false)];
    const { spans } = await serve({ trustRemote: false }, { recorder, sent: {}, outer });
    expect(spans).toEqual([alone, child("trace 1")]);
  });

  it("stays the parent when it began a trace of its own and the caller is not trusted, who is linked", async () => {
    const recorder = testSpans();
    const outer = [instrumented(recorder, false)];
    const { spans } = await serve({ trustRemote: false }, { recorder, outer });
    expect(spans).toEqual([
      alone,
      { ...child("trace 1"), links: [`remote ${caller.spanId} of ${caller.traceId}`] },
    ]);
  });
});

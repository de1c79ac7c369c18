/** In which context a streamed message goes out, and that nothing but the message on the wire shows it. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import { type Context, diag, ProxyTracerProvider, type TextMapPropagator, trace } from "@opentelemetry/api";
import { contextOf, eachMessage, receive, send, withFields } from "connect-clue";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  ChatResponseSchema,
  CountdownRequestSchema,
  CountdownResponseSchema,
  SayRequestSchema,
  UploadRequestSchema,
  UploadResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type ChatHandlers, requests } from "../../test/support/chat-server.js";
import { WireTap } from "../../test/support/message-traces.js";
import { enveloped, rawCall } from "../../test/support/raw-http2.js";
import { inSpan, spanOf, traceparentOf } from "../../test/support/span-contexts.js";
import { drain, type TracedChatOptions, tracedChat } from "../../test/support/traced-chat.js";
import { w3c } from "../../test/support/traces.js";

const b2 = inSpan(spanOf("b", 2));
const b2Wire = { traceparent: traceparentOf(spanOf("b", 2)) };
const c3 = inSpan(spanOf("c", 3));
const c3Wire = { traceparent: traceparentOf(spanOf("c", 3)) };
const stale = { traceparent: traceparentOf(spanOf("d", 4)), baggage: "stale=1" };
const unknownField = { carrier: "unknown-field" } as const;

type Reply = (
  ctx: Context,
  message: ChatRequest,
  context: HandlerContext,
) => MessageInitShape<typeof ChatResponseSchema>;

/** Chat handlers that reply once to each message. */
function replying(reply: Reply): ChatHandlers {
  return {
    async *chat(messages, context) {
      for await (const [ctx, message] of receive(messages, context)) yield reply(ctx, message, context);
    },
  };
}

/** A handler for two messages, one in the stream's context and one of trace b. */
const handlers: readonly [string, ChatHandlers, first: unknown, second: unknown][] = [
  ["a plain yield: the message's", replying(() => ({})), null, b2Wire],
  ["send(ctx): the message's", replying((ctx) => send(ctx, ChatResponseSchema)), null, b2Wire],
  [
    "send(ctx) of a context with more in it: the message's",
    replying((ctx) => send(withFields(ctx, { more: 1 }), ChatResponseSchema)),
    null,
    b2Wire,
  ],
  [
    "send(context): the stream's",
    replying((_ctx, _message, context) => send(context, ChatResponseSchema)),
    null,
    null,
  ],
  [
    "send() of the stream's context: the stream's",
    replying((_ctx, _message, context) => send(contextOf(context), ChatResponseSchema)),
    null,
    null,
  ],
  ["send() of another context: that one", replying(() => send(c3, ChatResponseSchema)), c3Wire, c3Wire],
  ["eachMessage: the message's", { chat: eachMessage(() => ({})) }, null, b2Wire],
  [
    "eachMessage with a generator: the message's",
    {
      chat: eachMessage(async function* () {
        yield {};
      }),
    },
    null,
    b2Wire,
  ],
  [
    "eachMessage with send(): what it says",
    { chat: eachMessage(() => send(c3, ChatResponseSchema)) },
    c3Wire,
    c3Wire,
  ],
  [
    "an echo of the message with its metadata: the message's",
    replying((_ctx, { traceMetadata }) => ({ traceMetadata })),
    null,
    b2Wire,
  ],
  [
    "an echo in the stream's context: the stream's",
    replying((_ctx, { traceMetadata }, context) => send(context, ChatResponseSchema, { traceMetadata })),
    null,
    null,
  ],
  ["metadata of the handler's own: the message's", replying(() => ({ traceMetadata: stale })), null, b2Wire],
];

describe("a bidi handler's reply is sent in", () => {
  it.each(handlers)("%s", async (_, handlers, first, second) => {
    const { client, tap } = await tapped(handlers);
    await drain(client.chat(requests<object>({}, send(b2, ChatRequestSchema))));
    expect(tap).toMatchObject({ requests: [null, b2Wire], responses: [first, second] });
  });

  it("the stream's context, once the messages have ended", async () => {
    const { client, tap } = await tapped({
      async *chat(messages) {
        for await (const _ of messages);
        yield {};
      },
    });
    await drain(client.chat(requests(send(b2, ChatRequestSchema))));
    expect(tap.responses).toEqual([null]);
  });

  it("the context of a span that was started in the message's", async () => {
    const { client, tap, traces } = await tapped(
      replying((ctx) => {
        const span = traces.options.tracerProvider.getTracer("t").startSpan("work", {}, ctx);
        span.end();
        return send(trace.setSpan(ctx, span), ChatResponseSchema);
      }),
    );
    await drain(client.chat(requests(send(b2, ChatRequestSchema))));
    const work = traces.started.find(({ name }) => name === "work");
    expect(work?.parentSpanContext?.spanId).toBe(spanOf("b", 2).spanId);
    expect(tap.responses).toEqual([{ traceparent: work && traceparentOf(work.spanContext()) }]);
  });
});

describe("a server-streaming handler's reply is sent in", () => {
  it.each<[string, ChatHandlers, unknown]>([
    [
      "a plain yield: the stream's",
      {
        async *countdown() {
          yield {};
        },
      },
      null,
    ],
    ["eachMessage: the request's", { countdown: eachMessage(() => ({})) }, b2Wire],
    [
      "eachMessage with send(): what it says",
      { countdown: eachMessage((_ctx, _message, context) => send(context, CountdownResponseSchema)) },
      null,
    ],
  ])("%s", async (_, handlers, response) => {
    const { client, tap } = await tapped(handlers, {
      server: unknownField,
      client: unknownField,
    });
    await drain(client.countdown(send(b2, CountdownRequestSchema)));
    expect(tap).toMatchObject({ requests: [b2Wire], responses: [response] });
  });
});

describe("a client-streaming handler's response is sent in", () => {
  it.each([
    ["the stream's context", undefined, null],
    ["the one that send() names", c3, c3Wire],
  ])("%s", async (_, ctx, response) => {
    const { client, tap } = await tapped(
      {
        async upload(messages) {
          for await (const _ of messages);
          return ctx === undefined ? {} : send(ctx, UploadResponseSchema);
        },
      },
      { server: unknownField, client: unknownField },
    );
    await client.upload(requests(send(b2, UploadRequestSchema)));
    expect(tap).toMatchObject({ requests: [b2Wire], responses: [response] });
  });
});

describe("a client's message is sent in", () => {
  it("the stream's context, unless send() names another", async () => {
    const { client, tap } = await tapped(replying(() => ({})));
    const messages = [{}, { traceMetadata: stale }, send(b2, ChatRequestSchema, { traceMetadata: stale })];
    await drain(client.chat(requests(...messages)));
    expect(tap.requests).toEqual([null, null, b2Wire]);
  });

  it("the stream's context: what came before in an unknown field is removed", async () => {
    const { client, tap } = await tapped(
      { upload: async (messages) => ({ count: await count(messages) }) },
      { client: unknownField },
    );
    const data = new Uint8Array([2, 0x0a, 0]);
    const message = { ...create(UploadRequestSchema), $unknown: [{ no: 101, wireType: 2, data }] };
    await client.upload(requests(Object.freeze(message)));
    expect(tap.requests).toEqual([null]);
    expect(message.$unknown).toEqual([{ no: 101, wireType: 2, data }]);
  });
});

describe("the sender's objects", () => {
  it("are never written to, on either side", async () => {
    const reply = frozen(create(ChatResponseSchema, { text: "reply", traceMetadata: stale }));
    const { client, tap } = await tapped(replying((ctx) => Object.freeze(send(ctx, reply))));
    const request = frozen(create(ChatRequestSchema, { text: "request", traceMetadata: stale }));
    await drain(client.chat(requests(request, Object.freeze(send(b2, request)), request)));
    expect(tap).toMatchObject({ requests: [null, b2Wire, null], responses: [null, b2Wire, null] });
    expect([request.traceMetadata, reply.traceMetadata]).toEqual([stale, stale]);
  });

  it("may go to many streams, in a context of their own each", async () => {
    const { client, tap } = await tapped(replying(() => ({})));
    const message = frozen(create(ChatRequestSchema, { text: "to all" }));
    for (const ctx of [b2, c3]) await drain(client.chat(requests(send(ctx, message))));
    await drain(client.chat(requests(message)));
    expect(tap.requests).toEqual([b2Wire, c3Wire, null]);
  });
});

describe("unary messages", () => {
  it("carry nothing: they have headers", async () => {
    const messages: unknown[] = [];
    const { client } = await tapped(
      { say: () => ({}) },
      {
        outer: [seenBy((message) => messages.push(message))],
        server: unknownField,
        client: unknownField,
      },
    );
    await client.say(send(b2, SayRequestSchema, { text: "hi" }));
    expect(messages).toEqual([create(SayRequestSchema, { text: "hi" })]);
  });
});

describe("a propagator that throws", () => {
  it("costs the messages their metadata, and nothing else; it is reported once", async () => {
    const error = vi.fn();
    diag.setLogger({ error, warn() {}, info() {}, debug() {}, verbose() {} });
    onTestFinished(() => diag.disable());
    const fault = new Error("no");
    const propagator: TextMapPropagator = {
      inject() {
        throw fault;
      },
      extract: (ctx) => ctx,
      fields: () => ["broken"],
    };
    const { client, tap } = await tapped(
      replying(() => ({})),
      { client: { propagator } },
    );
    const message = create(ChatRequestSchema, { traceMetadata: stale });
    await drain(client.chat(requests(send(b2, message), send(c3, message))));
    expect(tap.requests).toEqual([null, null]);
    expect(error.mock.calls).toEqual([
      ["connect-clue: the propagator failed; the call is not affected, and this is reported once", fault],
    ]);
  });
});

describe("the bytes of a stream", () => {
  const noSpans = { propagator: w3c(), tracerProvider: new ProxyTracerProvider() };
  const entry = (key: string, value: string) =>
    new Uint8Array([
      0xaa,
      6,
      key.length + value.length + 4,
      0x0a,
      key.length,
      ...ascii(key),
      0x12,
      value.length,
      ...ascii(value),
    ]);

  it.each(["field", "unknown-field"] as const)("are the message and the metadata: %s", async (carrier) => {
    const { chat } = await tapped(
      { chat: eachMessage(() => ({ text: "hi" })), countdown: eachMessage((_, { from }) => ({ n: from })) },
      { server: { ...noSpans, carrier } },
    );
    const metadata = entry("traceparent", b2Wire.traceparent);
    const isField = carrier === "field";
    const method = isField ? "Chat" : "Countdown";
    const message = isField
      ? toBinary(ChatResponseSchema, create(ChatResponseSchema, { text: "hi" }))
      : toBinary(CountdownRequestSchema, create(CountdownRequestSchema, { from: 7 }));
    const bytes = enveloped(Buffer.concat([message, metadata]));
    const { body } = await rawCall(chat.url, `/chat.v1.ChatService/${method}`, "application/grpc", bytes);
    expect(body).toBe(bytes.toString("latin1"));
    await chat.server.ended();
  });
});

/** A chat with a tap on the server's wire. */
async function tapped(handlers: ChatHandlers, options: TracedChatOptions = {}) {
  const tap = new WireTap();
  return { ...(await tracedChat(handlers, { outer: [tap.interceptor], ...options })), tap };
}

/** An interceptor that sees unary requests as they come. */
function seenBy(see: (message: unknown) => void): Interceptor {
  return (next) => (request) => {
    see(request.message);
    return next(request);
  };
}

function frozen<T extends ChatRequest | ChatResponse>(message: T): T {
  Object.freeze(message.traceMetadata);
  return Object.freeze(message);
}

async function count(messages: AsyncIterable<unknown>): Promise<number> {
  let counted = 0;
  for await (const _ of messages) counted++;
  return counted;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

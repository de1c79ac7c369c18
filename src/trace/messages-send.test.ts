/** In which context a streamed message goes out. */
import { create } from "@bufbuild/protobuf";
import { trace } from "@opentelemetry/api";
import { contextOf, eachMessage, send, withFields } from "connect-clue";
import { describe, expect, it } from "vitest";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  CountdownRequestSchema,
  CountdownResponseSchema,
  UploadRequestSchema,
  UploadResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type ChatHandlers, requests } from "../../test/support/chat-server.js";
import { inSpan, spanOf, traceparentOf } from "../../test/support/span-contexts.js";
import { replying, tappedChat } from "../../test/support/tapped-chat.js";
import { drain } from "../../test/support/traced-chat.js";

const b2 = inSpan(spanOf("b", 2));
const b2Wire = { traceparent: traceparentOf(spanOf("b", 2)) };
const c3 = inSpan(spanOf("c", 3));
const c3Wire = { traceparent: traceparentOf(spanOf("c", 3)) };
const stale = { traceparent: traceparentOf(spanOf("d", 4)), baggage: "stale=1" };
const unknownField = { carrier: "unknown-field" } as const;

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
    const { client, tap } = await tappedChat(handlers);
    await drain(client.chat(requests<object>({}, send(b2, ChatRequestSchema))));
    expect(tap).toMatchObject({ requests: [null, b2Wire], responses: [first, second] });
  });

  it("the stream's context, once the messages have ended", async () => {
    const { client, tap } = await tappedChat({
      async *chat(messages) {
        for await (const _ of messages);
        yield {};
      },
    });
    await drain(client.chat(requests(send(b2, ChatRequestSchema))));
    expect(tap.responses).toEqual([null]);
  });

  it("the context of a span that was started in the message's", async () => {
    const { client, tap, spans } = await tappedChat(
      replying((ctx) => {
        const span = spans.options.tracerProvider.getTracer("t").startSpan("work", {}, ctx);
        span.end();
        return send(trace.setSpan(ctx, span), ChatResponseSchema);
      }),
    );
    await drain(client.chat(requests(send(b2, ChatRequestSchema))));
    const work = spans.finished().find(({ name }) => name === "work");
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
    const { client, tap } = await tappedChat(handlers, {
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
    const { client, tap } = await tappedChat(
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
    const { client, tap } = await tappedChat(replying(() => ({})));
    const messages = [{}, { traceMetadata: stale }, send(b2, ChatRequestSchema, { traceMetadata: stale })];
    await drain(client.chat(requests(...messages)));
    expect(tap.requests).toEqual([null, null, b2Wire]);
  });

  it("the stream's context: what came before in an unknown field is removed", async () => {
    const { client, tap } = await tappedChat(
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

async function count(messages: AsyncIterable<unknown>): Promise<number> {
  let counted = 0;
  for await (const _ of messages) counted++;
  return counted;
}

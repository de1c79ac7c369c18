/** What carrying contexts does to messages: to what is on the wire alone, and never to what anybody holds. */

import { create, toBinary } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { diag, ProxyTracerProvider, type TextMapPropagator } from "@opentelemetry/api";
import { eachMessage, send } from "connect-clue";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  ChatResponseSchema,
  CountdownRequestSchema,
  SayRequestSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { enveloped, rawCall } from "../../test/support/raw-http2.js";
import { inSpan, spanOf, traceparentOf } from "../../test/support/span-contexts.js";
import { replying, tappedChat } from "../../test/support/tapped-chat.js";
import { drain } from "../../test/support/traced-chat.js";
import { w3c } from "../testing-telemetry/w3c.js";

const b2 = inSpan(spanOf("b", 2));
const b2Wire = { traceparent: traceparentOf(spanOf("b", 2)) };
const c3 = inSpan(spanOf("c", 3));
const c3Wire = { traceparent: traceparentOf(spanOf("c", 3)) };
const stale = { traceparent: traceparentOf(spanOf("d", 4)), baggage: "stale=1" };
const unknownField = { carrier: "unknown-field" } as const;

describe("the sender's objects", () => {
  it("are never written to, on either side", async () => {
    const reply = frozen(create(ChatResponseSchema, { text: "reply", traceMetadata: stale }));
    const { client, tap } = await tappedChat(replying((ctx) => Object.freeze(send(ctx, reply))));
    const request = frozen(create(ChatRequestSchema, { text: "request", traceMetadata: stale }));
    await drain(client.chat(requests(request, Object.freeze(send(b2, request)), request)));
    expect(tap).toMatchObject({ requests: [null, b2Wire, null], responses: [null, b2Wire, null] });
    expect([request.traceMetadata, reply.traceMetadata]).toEqual([stale, stale]);
  });

  it("may go to many streams, in a context of their own each", async () => {
    const { client, tap } = await tappedChat(replying(() => ({})));
    const message = frozen(create(ChatRequestSchema, { text: "to all" }));
    for (const ctx of [b2, c3]) await drain(client.chat(requests(send(ctx, message))));
    await drain(client.chat(requests(message)));
    expect(tap.requests).toEqual([b2Wire, c3Wire, null]);
  });
});

describe("unary messages", () => {
  it("carry nothing: they have headers", async () => {
    const messages: unknown[] = [];
    const { client } = await tappedChat(
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
    const { client, tap } = await tappedChat(
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
    const { chat } = await tappedChat(
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

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

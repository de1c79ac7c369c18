import { create, isFieldSet } from "@bufbuild/protobuf";
import { createHandlerContext, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { type Context, createContextKey, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatService,
  CountdownRequestSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { itemType } from "../../test/support/context-run-time-types.js";
import { joinedContext } from "../call/give-context.js";
import { contextOf, eachMessage, logger, receive, serverInterceptor } from "../index.js";
import { testSpans } from "../testing-telemetry/index.js";
import { received, testCall, testLogger } from "./index.js";

type Chat = ServiceImpl<typeof ChatService>;
const nameKey = createContextKey("the name of a context");
const named = (name: string) => ROOT_CONTEXT.setValue(nameKey, name);
const nameOf = (ctx: Context) => ctx.getValue(nameKey);

/** As Connect's own tests make one for a handler. */
function handMade(): HandlerContext {
  return createHandlerContext({
    service: ChatService,
    method: ChatService.method.chat,
    protocolName: "connect",
    requestMethod: "POST",
    url: "https://localhost/chat.v1.ChatService/Chat",
  });
}

/** Says in which context each message came. */
const chat: Chat["chat"] = async function* (requests, context) {
  for await (const [ctx, { text }] of receive(requests, context)) yield { text: `${text} in ${nameOf(ctx)}` };
};

async function texts(replies: AsyncIterable<{ text?: string }>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const { text } of replies) all.push(text);
  return all;
}

async function* threeMessages(): AsyncGenerator<ChatRequest> {
  yield received(named("one"), ChatRequestSchema, { text: "a" });
  yield create(ChatRequestSchema, { text: "b" });
  yield received(named("three"), create(ChatRequestSchema, { text: "c" }));
}

const expected = ["a in one", "b in undefined", "c in three"];

describe("received", () => {
  it("gives null where the context says null, whatever the call's says", () => {
    const joined = joinedContext(ROOT_CONTEXT.setValue(nameKey, null), named("call"));
    expect(nameOf(joined)).toBeNull();
    expect(nameOf(joinedContext(ROOT_CONTEXT, named("call")))).toBe("call");
  });

  it("gives a handler its context without any interceptor", async () => {
    const replies = chat(threeMessages(), handMade()) as AsyncIterable<{ text: string }>;
    expect(await texts(replies)).toEqual(expected);
  });

  it("is the very context that was given, where the call is not observed", async () => {
    const given = named("one");
    const one = (async function* () {
      yield received(given, ChatRequestSchema, {});
    })();
    for await (const [ctx] of receive(one, handMade())) expect(ctx).toBe(given);
  });

  it.each([
    ["without interceptors", []],
    ["behind the kit's interceptor", [serverInterceptor({ log: false })]],
  ])("goes through testCall %s", async (_, interceptors) => {
    const call = testCall(ChatService.method.chat, chat, { interceptors });
    for await (const message of threeMessages()) void call.send(message);
    call.end();
    expect(await texts(call)).toEqual(expected);
  });

  it("reaches the callback of eachMessage, which runs in it, and of a server stream", async () => {
    const seen: unknown[] = [];
    const spell: Chat["chat"] = eachMessage((ctx, { text }) => {
      seen.push(nameOf(ctx), nameOf(contextOf()));
      return { text };
    });
    const call = testCall(ChatService.method.chat, spell);
    void call.send(received(named("one"), ChatRequestSchema, {}));
    await call.receive();
    const countdown: Chat["countdown"] = eachMessage((ctx, { from }) => ({
      n: nameOf(ctx) === "two" ? from : -1,
    }));
    const request = received(named("two"), CountdownRequestSchema, { from: 7 });
    const down = testCall(ChatService.method.countdown, countdown, { request });
    expect([...seen, (await down.receive()).n]).toEqual(["one", "one", 7]);
  });

  it("leaves what the context does not say to the call: its logger is that of the call", async () => {
    const log = testLogger();
    const spans = testSpans();
    const far = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 0, isRemote: true };
    const handler: Chat["chat"] = async function* (requests, context) {
      for await (const [ctx, { text }] of receive(requests, context)) {
        logger(ctx).info("got", { text });
        yield { text: `${trace.getSpanContext(ctx)?.traceId}` };
        throw new Error("broken");
      }
    };
    const observe = serverInterceptor({
      logger: log,
      trace: { ...spans.options, streamSpan: "off" },
    });
    const call = testCall(ChatService.method.chat, handler, { interceptors: [observe] });
    void call.send(received(trace.setSpanContext(ROOT_CONTEXT, far), ChatRequestSchema, { text: "a" }));
    expect((await call.receive()).text).toBe(far.traceId);
    void call.error;
    await expect(call.receive()).rejects.toThrow("internal error");
    expect(log.entries.map((entry) => entry.fields[0]?.[1])).toEqual(["start", "got", "end"]);
    expect(log.entries[1]?.fields).toContainEqual(["trace_id", far.traceId]);
  });

  it("has replies of a plain loop go out in it", async () => {
    const sent: unknown[] = [];
    const observe = serverInterceptor({
      log: false,
      observers: [() => ({ onSend: (ctx) => void sent.push(nameOf(ctx)) })],
    });
    const plain: Chat["chat"] = async function* (requests) {
      for await (const { text } of requests) yield { text };
    };
    const call = testCall(ChatService.method.chat, plain, { interceptors: [observe] });
    for await (const message of threeMessages()) void call.send(message);
    call.end();
    await call.rest();
    expect(sent).toEqual(["one", undefined, "three"]);
  });

  it("sets and deletes values over the call's", async () => {
    const key = createContextKey("of the call");
    const seen: unknown[] = [];
    const handler: Chat["say"] = (request, context) => {
      void request;
      const call = contextOf(context);
      seen.push(call.getValue(key));
      return {};
    };
    const onReceive = (ctx: Context) => ctx.setValue(key, "call");
    const observe = serverInterceptor({ log: false, observers: [() => ({ onReceive })] });
    const pair: Chat["chat"] = async function* (requests, context) {
      for await (const [ctx] of receive(requests, context)) {
        const changed = ctx.setValue(key, "own").setValue(nameKey, undefined);
        seen.push(
          ctx.getValue(key),
          changed.getValue(key),
          changed.getValue(nameKey),
          ctx.deleteValue(key).getValue(key),
        );
        yield {};
      }
    };
    const call = testCall(ChatService.method.chat, pair, { interceptors: [observe] });
    void call.send(received(named("one"), ChatRequestSchema, {}));
    await call.receive();
    await testCall(ChatService.method.say, handler).response;
    expect(seen).toEqual(["call", "own", undefined, undefined, undefined]);
  });

  it("copies: the caller's message may be received in many contexts, and is never written to", async () => {
    const message = Object.freeze(create(ChatRequestSchema, { text: "a" }));
    const [one, two] = [received(named("one"), message), received(named("two"), message)];
    expect([one === message, one === two, one, Reflect.ownKeys(one)]).toEqual([
      false,
      false,
      message,
      Reflect.ownKeys(message),
    ]);
    const both = (async function* () {
      yield* [one, message, two];
    })();
    expect(await texts(chat(both, handMade()) as AsyncIterable<{ text: string }>)).toEqual([
      "a in one",
      "a in undefined",
      "a in two",
    ]);
  });

  it("keeps the prototype of proto2 messages, and so their defaults", () => {
    const type = itemType("proto2");
    const copy = received(named("one"), create(type));
    expect(type.fields.map((field) => isFieldSet(copy, field))).toEqual([false, false]);
    expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(create(type)));
  });

  it("needs the schema of an init object", () => {
    expect(() => received(named("one"), { text: "a" } as ChatRequest)).toThrow(
      new TypeError(
        "received(ctx, message): expected a message made by create(); for an init object use received(ctx, Schema, init)",
      ),
    );
  });
});

import type { ConnectError, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { describe, expectTypeOf, it } from "vitest";
import {
  type ChatRequest,
  type ChatResponse,
  ChatService,
  type CountdownResponse,
  type SayRequest,
  type SayResponse,
  type UploadResponse,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { eachMessage } from "../index.js";
import { type LogMatch, testCall } from "./index.js";

/*
 * What TypeScript makes of testCall where users write it. Nothing here runs: `tsc` is the test, and an error that is
 * expected but does not come is an error, too.
 */

const { say, upload, countdown, chat } = ChatService.method;
declare const impl: ServiceImpl<typeof ChatService>;

function unary() {
  const call = testCall(say, impl.say, { request: { text: "hi" } });
  expectTypeOf(call.response).toEqualTypeOf<
    Promise<{ readonly message: SayResponse; readonly header: Headers; readonly trailer: Headers }>
  >();
  expectTypeOf(call.error).toEqualTypeOf<Promise<ConnectError | undefined>>();
  // @ts-expect-error the one request is an option
  call.send({ text: "hi" });
  // @ts-expect-error there is one answer only
  call.receive();
  // @ts-expect-error no such field
  testCall(say, impl.say, { request: { txt: "hi" } });
  // @ts-expect-error the handler of another kind
  testCall(say, impl.chat);
  testCall(say, (request, context) => {
    expectTypeOf(request).toEqualTypeOf<SayRequest>();
    expectTypeOf(context).toEqualTypeOf<HandlerContext>();
    return { text: request.text };
  });
  // @ts-expect-error no such field in the answer
  testCall(say, () => ({ txt: "hi" }));
}

function clientStreaming() {
  const call = testCall(upload, impl.upload);
  expectTypeOf(call.response).resolves.toHaveProperty("message").toEqualTypeOf<UploadResponse>();
  expectTypeOf(call.send({})).toEqualTypeOf<Promise<void>>();
  // @ts-expect-error no such field
  call.send({ txt: "hi" });
  // @ts-expect-error there is one answer only
  call.receive();
  // @ts-expect-error messages are sent
  testCall(upload, impl.upload, { request: {} });
}

function serverStreaming() {
  const call = testCall(countdown, impl.countdown, { request: { from: 3 } });
  expectTypeOf(call.receive()).toEqualTypeOf<Promise<CountdownResponse>>();
  expectTypeOf(call.rest()).toEqualTypeOf<Promise<readonly CountdownResponse[]>>();
  expectTypeOf(call).toExtend<AsyncIterable<CountdownResponse>>();
  // @ts-expect-error the one request is an option
  call.send({ from: 3 });
  // @ts-expect-error there are any number of answers
  call.response;
}

function bidi() {
  const call = testCall(chat, async function* (requests) {
    expectTypeOf(requests).toEqualTypeOf<AsyncIterable<ChatRequest>>();
    for await (const { text } of requests) yield { text };
  });
  expectTypeOf(call.send({ text: "hi" })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(call.receive()).toEqualTypeOf<Promise<ChatResponse>>();
  // @ts-expect-error there are any number of answers
  call.response;
  testCall(
    chat,
    eachMessage((_, { text }) => ({ text })),
  );
}

describe("testCall", () => {
  it("has what the kind of the method has", () => {
    expectTypeOf([unary, clientStreaming, serverStreaming, bidi]).toEqualTypeOf<(() => void)[]>();
  });
});

describe("LogMatch", () => {
  it("knows the severities and the parts", () => {
    expectTypeOf<{ severity: "warn"; fields: { n: 1 } }>().toExtend<LogMatch>();
    expectTypeOf<{ severity: "warning" }>().not.toExtend<LogMatch>();
    expectTypeOf<{ msg: string; message: 5 }>().not.toExtend<LogMatch>();
  });
});

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { describe, expectTypeOf, it } from "vitest";
import {
  type ChatRequest,
  type ChatResponse,
  ChatResponseSchema,
  type ChatService,
  type CountdownRequest,
  CountdownResponseSchema,
  type UploadRequest,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import {
  type CallObserverFactory,
  callOptions,
  contextOf,
  eachMessage,
  type InterceptorOptions,
  type LogOptions,
  receive,
  send,
} from "../index.js";

/*
 * What TypeScript makes of the kit where users write it. Nothing here runs: `tsc` is the test, and an error that
 * is expected but does not come is an error, too.
 */

type Impl = ServiceImpl<typeof ChatService>;

describe("receive", () => {
  it("gives pairs of a context and the method's message", () => {
    const chat: Pick<Impl, "chat" | "upload"> = {
      async *chat(requests, context) {
        for await (const [ctx, msg] of receive(requests, context)) {
          expectTypeOf(ctx).toEqualTypeOf<Context>();
          expectTypeOf(msg).toEqualTypeOf<ChatRequest>();
          yield send(ctx, ChatResponseSchema, { text: msg.text });
        }
      },
      async upload(requests, context) {
        for await (const pair of receive(requests, context)) {
          expectTypeOf(pair).toEqualTypeOf<[ctx: Context, message: UploadRequest]>();
        }
        return { count: 1 };
      },
    };
    expectTypeOf(chat).toExtend<Partial<Impl>>();
  });

  it("takes a client's stream, with any context or none", () => {
    expectTypeOf(receive<ChatResponse>)
      .parameter(0)
      .toEqualTypeOf<AsyncIterable<ChatResponse>>();
    expectTypeOf(receive<ChatResponse>)
      .parameter(1)
      .toEqualTypeOf<Context | HandlerContext | undefined>();
    expectTypeOf(receive<ChatResponse>).returns.toEqualTypeOf<
      AsyncIterableIterator<[ctx: Context, message: ChatResponse]>
    >();
  });
});

describe("send", () => {
  it("returns the message's type", () => {
    const typed = (ctx: Context, message: ChatResponse, context: HandlerContext) => {
      expectTypeOf(send(ctx, message)).toEqualTypeOf<ChatResponse>();
      expectTypeOf(send(context, message)).toEqualTypeOf<ChatResponse>();
      expectTypeOf(send(ctx, ChatResponseSchema)).toEqualTypeOf<ChatResponse>();
      expectTypeOf(send(ctx, ChatResponseSchema, { text: "" })).toEqualTypeOf<ChatResponse>();
      expectTypeOf(send(ctx, ChatResponseSchema, message)).toEqualTypeOf<ChatResponse>();
    };
    expectTypeOf(typed).toBeFunction();
  });

  it("refuses what is no message, and fields that the schema does not have", () => {
    const refused = (ctx: Context, message: ChatResponse) => {
      // @ts-expect-error an init object needs its schema
      send(ctx, { text: "" });
      // @ts-expect-error no such field
      send(ctx, ChatResponseSchema, { txt: "" });
      // @ts-expect-error another type of value
      send(ctx, ChatResponseSchema, { text: 5 });
      // @ts-expect-error another message's schema
      send(ctx, CountdownResponseSchema, message);
      // @ts-expect-error no context
      send(message);
    };
    expectTypeOf(refused).toBeFunction();
  });

  it("is accepted where a handler yields it, and refused where it is another method's", () => {
    const chat: Partial<Impl> = {
      async *chat(requests, context) {
        for await (const [ctx, { text }] of receive(requests, context)) {
          yield send(ctx, ChatResponseSchema, { text });
        }
      },
      // @ts-expect-error a countdown gives other messages
      async *countdown(_request, context) {
        yield send(contextOf(context), ChatResponseSchema, { text: "" });
      },
    };
    expectTypeOf(chat).toExtend<Partial<Impl>>();
  });
});

describe("eachMessage", () => {
  it("infers all of its callback's parameters from the method", () => {
    const chat: Partial<Impl> = {
      chat: eachMessage((ctx, msg, context) => {
        expectTypeOf(ctx).toEqualTypeOf<Context>();
        expectTypeOf(msg).toEqualTypeOf<ChatRequest>();
        expectTypeOf(context).toEqualTypeOf<HandlerContext>();
        return { text: msg.text };
      }),
      countdown: eachMessage((ctx, msg, context) => {
        expectTypeOf(ctx).toEqualTypeOf<Context>();
        expectTypeOf(msg).toEqualTypeOf<CountdownRequest>();
        expectTypeOf(context).toEqualTypeOf<HandlerContext>();
        return { n: msg.from };
      }),
    };
    expectTypeOf(chat).toExtend<Partial<Impl>>();
  });

  it("takes one reply, a promise of it, a message, or a generator of any number", () => {
    const each: Partial<Impl>[] = [
      { chat: eachMessage(async (_ctx, { text }) => ({ text })) },
      { chat: eachMessage((ctx, { text }) => send(ctx, ChatResponseSchema, { text })) },
      { chat: eachMessage(() => ({})) },
      {
        chat: eachMessage(async function* (_ctx, { text }) {
          yield { text };
          yield {};
        }),
      },
      { chat: eachMessage(async function* () {}) },
      {
        countdown: eachMessage(async function* (ctx, { from }) {
          for (let n = from; n >= 0; n--) yield send(ctx, CountdownResponseSchema, { n });
        }),
      },
    ];
    expectTypeOf(each).toExtend<Partial<Impl>[]>();
  });

  it("refuses replies of another type", () => {
    const refused: Partial<Impl>[] = [
      // @ts-expect-error another type of value
      { chat: eachMessage(() => ({ text: 5 })) },
      // @ts-expect-error another type of value, in a promise
      { chat: eachMessage(async () => ({ text: 5 })) },
      {
        // @ts-expect-error another type of value, in a generator
        chat: eachMessage(async function* () {
          yield { text: 5 };
        }),
      },
      // @ts-expect-error another method's message
      { chat: eachMessage((ctx) => send(ctx, CountdownResponseSchema, { n: 1 })) },
      // @ts-expect-error no reply
      { chat: eachMessage(() => {}) },
      // @ts-expect-error a field that the reply does not have
      { chat: eachMessage(() => ({ txt: "" })) },
    ];
    expectTypeOf(refused).toExtend<Partial<Impl>[]>();
  });

  it("refuses methods that answer once", () => {
    const refused: Partial<Impl>[] = [
      // @ts-expect-error unary
      { say: eachMessage((_ctx, { text }) => ({ text })) },
      // @ts-expect-error client streaming
      { upload: eachMessage(() => ({ count: 1 })) },
    ];
    expectTypeOf(refused).toExtend<Partial<Impl>[]>();
  });
});

describe("callOptions", () => {
  it("makes Connect's call options of any context", () => {
    expectTypeOf(callOptions).parameter(0).toEqualTypeOf<Context | HandlerContext>();
    expectTypeOf(callOptions).parameter(1).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(callOptions).returns.toEqualTypeOf<CallOptions>();
  });
});

describe("options", () => {
  it("are read-only", () => {
    expectTypeOf<InterceptorOptions>().toEqualTypeOf<Readonly<InterceptorOptions>>();
    expectTypeOf<LogOptions>().toEqualTypeOf<Readonly<LogOptions>>();
    expectTypeOf<InterceptorOptions["observers"]>().toEqualTypeOf<
      readonly CallObserverFactory[] | undefined
    >();
    const written = (options: InterceptorOptions) => {
      // @ts-expect-error read-only
      options.filter = "*";
    };
    expectTypeOf(written).toBeFunction();
  });

  it("know no `any`", () => {
    expectTypeOf(contextOf).parameter(0).toEqualTypeOf<Context | HandlerContext | undefined>();
    expectTypeOf(contextOf).returns.toEqualTypeOf<Context>();
    expectTypeOf<MessageInitShape<typeof ChatResponseSchema>>().not.toBeAny();
  });
});

import { clone, create, equals, fromBinary, isFieldSet, type Message, toBinary } from "@bufbuild/protobuf";
import { FieldDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { type Context, ROOT_CONTEXT } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatResponseSchema,
  ChatService,
  CountdownResponseSchema,
  SayResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, chatOver, connectTo, serve, ways } from "../../test/support/context-chat.js";
import {
  collect,
  deferred,
  messageContexts,
  messageOf,
  sendContexts,
} from "../../test/support/context-observe.js";
import { itemType } from "../../test/support/context-run-time-types.js";
import { sendContextTag } from "../call/send-context.js";
import { clientInterceptor, contextOf, receive, send, serverInterceptor } from "../index.js";

const one = ROOT_CONTEXT.setValue(Symbol("one"), 1);
const two = ROOT_CONTEXT.setValue(Symbol("two"), 2);
const tagOf = (message: object) => (message as { [sendContextTag]?: unknown })[sendContextTag];

describe("send", () => {
  it("returns a tagged copy and never writes to the caller's object", () => {
    const message = create(ChatResponseSchema, { text: "hi", traceMetadata: { a: "b" } });
    const before = clone(ChatResponseSchema, message);
    const copies = [send(one, Object.freeze(message)), send(two, message)];
    expect(copies.map(tagOf)).toEqual([one, two]);
    expect(copies.every((copy) => copy !== message && equals(ChatResponseSchema, copy, message))).toBe(true);
    expect(message).toEqual(before);
    expect(tagOf(message)).toBeUndefined();
  });

  it("makes a message of a schema and an init object, which it never writes to", () => {
    const init = Object.freeze({ text: "hi" });
    const sent = send(one, ChatResponseSchema, init);
    expect(tagOf(sent)).toBe(one);
    expect(equals(ChatResponseSchema, sent, create(ChatResponseSchema, { text: "hi" }))).toBe(true);
    expect(Reflect.ownKeys(init)).toEqual(["text"]);
    expect(equals(ChatResponseSchema, send(one, ChatResponseSchema), create(ChatResponseSchema))).toBe(true);
  });

  it("copies a message that is given with its schema", () => {
    const message = Object.freeze(create(ChatResponseSchema, { text: "hi" }));
    const sent = send(one, ChatResponseSchema, message);
    expect([tagOf(sent), tagOf(message), sent.text]).toEqual([one, undefined, "hi"]);
  });

  it("takes the last word where it is nested", () => {
    const sent = send(two, send(one, ChatResponseSchema, { text: "hi" }));
    expect([tagOf(sent), sent.text]).toEqual([two, "hi"]);
    expect(tagOf(send(one, ChatResponseSchema, sent))).toBe(one);
  });

  it("keeps unknown fields", () => {
    const bytes = toBinary(
      ChatRequestSchema,
      create(ChatRequestSchema, { text: "a", traceMetadata: { k: "v" } }),
    );
    const message = fromBinary(SayResponseSchema, bytes);
    const sent = send(one, message);
    expect(toBinary(SayResponseSchema, sent)).toEqual(bytes);
    expect(sent.$unknown).toEqual(message.$unknown);
  });

  it.each(["proto2", "editions"] as const)(
    "keeps the prototype of %s messages, and so their defaults",
    (syntax) => {
      const type = itemType(syntax);
      for (const sent of [send(one, create(type)), send(one, type)] as Item[]) {
        expect([sent.kind, sent.count, tagOf(sent)]).toEqual(["box", 7, one]);
        expect(type.fields.map((field) => isFieldSet(sent, field))).toEqual([false, false]);
        expect(Object.getPrototypeOf(sent)).toBe(Object.getPrototypeOf(create(type)));
      }
      const full = send(one, type, { count: 3 } as Record<string, unknown>) as Item;
      expect([full.kind, full.count, toBinary(type, full)]).toEqual(["box", 3, new Uint8Array([16, 3])]);
    },
  );

  it("keeps the prototype of well-known types of proto2", () => {
    const message = create(FieldDescriptorProtoSchema, { name: "f" });
    const sent = send(one, message);
    expect([sent.name, sent.number, sent.jsonName]).toEqual(["f", 0, ""]);
    expect(equals(FieldDescriptorProtoSchema, sent, message)).toBe(true);
  });

  it("tells a message from a schema, whatever the message's fields are called", () => {
    const type = itemType("proto2");
    const sent = send(one, create(type, { kind: "message" } as Record<string, unknown>)) as Item;
    expect([sent.kind, sent.$typeName, tagOf(sent)]).toEqual(["message", "proto2.Item", one]);
  });

  it.each([[{ text: "hi" }], [{}], [{ kind: "message" }]])(
    "needs the schema of an init object: %j",
    (init) => {
      const error =
        "send(ctx, message): expected a message made by create(); for an init object use send(ctx, Schema, init)";
      expect(() => send(one, init as ChatRequest)).toThrow(new TypeError(error));
    },
  );
});

describe.each(ways)("the context that a message is sent in, %s", (way) => {
  /** What the server's observers were told when the replies to three messages, the second without context, went out. */
  async function sentBy(chat: Chat): Promise<(string | undefined)[]> {
    const { observer, sent } = sendContexts();
    const observers = [messageContexts((n) => n !== 2), observer];
    const { client } = await chatOver(way, chat, { server: [serverInterceptor({ log: false, observers })] });
    await collect(client.chat(feed("a", "b", "c")));
    return sent;
  }

  it("is that of send(), also out of order", async () => {
    const sent = await sentBy({
      async *chat(requests, context) {
        const pairs = await collect(receive(requests, context));
        for (const [ctx, { text }] of pairs.reverse()) yield send(ctx, ChatResponseSchema, { text });
        yield send(contextOf(context), ChatResponseSchema, { text: "of the call" });
        yield send(context, create(ChatResponseSchema, { text: "of the handler" }));
      },
    });
    expect(sent).toEqual(["server 3", undefined, "server 1", undefined, undefined]);
  });

  it("is that of the message which is being worked on, for a plain yield in a bidi handler", async () => {
    const sent = await sentBy({
      async *chat(requests) {
        for await (const { text } of requests) {
          yield { text };
          yield create(ChatResponseSchema, { text });
        }
      },
    });
    expect(sent).toEqual(["server 1", "server 1", undefined, undefined, "server 3", "server 3"]);
  });

  it("is the call's in the other kinds, unless send() names another", async () => {
    const sent: unknown[] = [];
    const observer = () => ({
      onSend: (ctx: Context) => void sent.push(ctx === one ? "one" : messageOf(ctx)),
    });
    const server = [serverInterceptor({ log: false, observers: [messageContexts(), observer] })];
    const chat: Chat = {
      say: () => ({}),
      upload: async (requests) => ({ count: (await collect(requests)).length }),
      async *countdown() {
        yield { n: 1 };
        yield send(one, CountdownResponseSchema, { n: 0 });
      },
    };
    const { client } = await chatOver(way, chat, { server });
    await client.say({});
    await client.upload(feed("a", "b"));
    await collect(client.countdown({}));
    expect(sent).toEqual([undefined, undefined, undefined, "one"]);
  });

  it("is the stream's own on a client, unless send() names another", async () => {
    const { observer, sent } = sendContexts();
    const { client } = await chatOver(way, echo, {
      client: [clientInterceptor({ log: false, observers: [messageContexts(), observer] })],
    });
    const first = deferred<Context>();
    async function* requests() {
      yield { text: "a" };
      yield send(await first.promise, ChatRequestSchema, { text: "b" });
      yield create(ChatRequestSchema, { text: "c" });
    }
    for await (const [ctx] of receive(client.chat(requests()))) first.resolve(ctx);
    expect(sent).toEqual([undefined, "client 1", undefined]);
  });
});

describe("one message", () => {
  it("keeps its three contexts when it is sent to three streams", async () => {
    const { url } = await serve({ routes: (router) => router.service(ChatService, echo) });
    const message = Object.freeze(create(ChatRequestSchema, { text: "to all" }));
    const contexts = ["a", "b", "c"].map((name) => ROOT_CONTEXT.setValue(Symbol.for("stream"), name));
    const sent: unknown[] = [];
    const observer = () => ({ onSend: (ctx: Context) => void sent.push(ctx.getValue(Symbol.for("stream"))) });
    const client = createClient(
      ChatService,
      connectTo(url, "gRPC", [clientInterceptor({ log: false, observers: [observer] })]),
    );
    async function* toStream(ctx: Context) {
      yield send(ctx, message);
      yield send(ctx, message);
    }
    const replies = await Promise.all(contexts.map((ctx) => collect(client.chat(toStream(ctx)))));
    expect(replies.map((stream) => stream.map(({ text }) => text))).toEqual(
      Array(3).fill(["to all", "to all"]),
    );
    expect(sent.sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
    expect(Reflect.ownKeys(message).includes(sendContextTag)).toBe(false);
  });
});

const echo: Chat = {
  async *chat(requests) {
    for await (const { text } of requests) yield { text };
  },
};

interface Item extends Message {
  readonly kind: string;
  readonly count: number;
}

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}

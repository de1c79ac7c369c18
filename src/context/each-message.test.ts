import { setImmediate } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { type Context, context as otel, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, describe, expect, it } from "vitest";
import { ChatResponseSchema, type ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, chatOver, ways } from "../../test/support/context-chat.js";
import {
  collect,
  deferred,
  endings,
  messageContexts,
  messageOf,
  sendContexts,
  until,
} from "../../test/support/context-observe.js";
import { liveCalls } from "../call/call.js";
import {
  contextOf,
  createLogger,
  eachMessage,
  logger,
  receive,
  send,
  serverInterceptor,
  withFields,
} from "../index.js";

afterEach(async () => {
  otel.disable();
  await until(() => liveCalls.size === 0);
});

describe.each(ways)("eachMessage, %s", (way) => {
  /** Serves handlers whose messages have contexts of their own, and records in which the replies go out. */
  async function served(chat: Chat) {
    const { observer, sent } = sendContexts();
    const ends = endings();
    const observers = [messageContexts((n) => n !== 2), observer, ends.observer];
    const { client } = await chatOver(way, chat, { server: [serverInterceptor({ log: false, observers })] });
    return { client, sent, ended: ends.next };
  }
  /** What the callback is given, and what is active around it. */
  const inside = (ctx: Context) => [messageOf(ctx), contextOf() === ctx];

  it("answers each message with one reply, in order and in the message's context: async function", async () => {
    const seen: unknown[] = [];
    const { client, sent } = await served({
      chat: eachMessage(async (ctx, { text }, context) => {
        seen.push([text, ...inside(ctx), context.method.name]);
        await setImmediate();
        seen.push([text, ...inside(ctx), context.method.name]);
        return { text: `re ${text}` };
      }),
    });
    const replies = await collect(client.chat(feed("a", "b", "c")));
    expect(replies.map(({ text }) => text)).toEqual(["re a", "re b", "re c"]);
    expect(sent).toEqual(["server 1", undefined, "server 3"]);
    expect(seen).toEqual([
      ["a", "server 1", true, "Chat"],
      ["a", "server 1", true, "Chat"],
      ["b", undefined, true, "Chat"],
      ["b", undefined, true, "Chat"],
      ["c", "server 3", true, "Chat"],
      ["c", "server 3", true, "Chat"],
    ]);
  });

  it("answers each message with one reply: plain function", async () => {
    const seen: unknown[] = [];
    const { client, sent } = await served({
      chat: eachMessage((ctx, { text }) => {
        seen.push(inside(ctx));
        return create(ChatResponseSchema, { text: `re ${text}` });
      }),
    });
    const replies = await collect(client.chat(feed("a", "b", "c")));
    expect(replies.map(({ text }) => text)).toEqual(["re a", "re b", "re c"]);
    expect(sent).toEqual(["server 1", undefined, "server 3"]);
    expect(seen).toEqual([
      ["server 1", true],
      [undefined, true],
      ["server 3", true],
    ]);
  });

  it("answers a message with many replies or none: async generator", async () => {
    const seen: unknown[] = [];
    const { client, sent } = await served({
      chat: eachMessage(async function* (ctx, { text }) {
        seen.push(["start", ...inside(ctx)]);
        try {
          for (let n = 0; n < text.length; n++) {
            yield { text: text.slice(n) };
            seen.push(["yielded", ...inside(ctx)]);
            await setImmediate();
          }
        } finally {
          seen.push(["finally", ...inside(ctx)]);
        }
      }),
    });
    const replies = await collect(client.chat(feed("ab", "", "c")));
    expect(replies.map(({ text }) => text)).toEqual(["ab", "b", "c"]);
    expect(sent).toEqual(["server 1", "server 1", "server 3"]);
    expect(seen).toEqual([
      ["start", "server 1", true],
      ["yielded", "server 1", true],
      ["yielded", "server 1", true],
      ["finally", "server 1", true],
      ["start", undefined, true],
      ["finally", undefined, true],
      ["start", "server 3", true],
      ["yielded", "server 3", true],
      ["finally", "server 3", true],
    ]);
  });

  it("makes a server-streaming handler, of a function or a generator", async () => {
    const seen: unknown[] = [];
    const one = await served({
      countdown: eachMessage((ctx, { from }, context) => {
        seen.push([from, ...inside(ctx), context.method.name]);
        return { n: from };
      }),
    });
    const many = await served({
      countdown: eachMessage(async function* (ctx, { from }) {
        seen.push([from, ...inside(ctx)]);
        for (let n = from; n >= 0; n--) yield { n };
        seen.push(["end", ...inside(ctx)]);
      }),
    });
    const numbers = async ({ client }: typeof one) =>
      (await collect(client.countdown({ from: 2 }))).map(({ n }) => n);
    expect([await numbers(one), await numbers(many)]).toEqual([[2], [2, 1, 0]]);
    expect([one.sent, many.sent]).toEqual([["server 1"], ["server 1", "server 1", "server 1"]]);
    expect(seen).toEqual([
      [2, "server 1", true, "Countdown"],
      [2, "server 1", true],
      ["end", "server 1", true],
    ]);
  });

  it("lets send() name another context", async () => {
    const { client, sent } = await served({
      chat: eachMessage((_ctx, { text }, context) => send(context, ChatResponseSchema, { text })),
    });
    await collect(client.chat(feed("a")));
    expect(sent).toEqual([undefined]);
  });

  it.each([
    ["a function", eachMessage<ChatHandler>((_ctx, { text }) => failing(text))],
    ["an async function", eachMessage<ChatHandler>(async (_ctx, { text }) => failing(text))],
    [
      "a generator",
      eachMessage<ChatHandler>(async function* (_ctx, { text }) {
        yield failing(text);
      }),
    ],
  ])(
    "ends the stream with the error of the callback, after the replies before it: %s",
    async (_kind, chat) => {
      const { client, ended } = await served({ chat });
      const replies: string[] = [];
      const loop = async () => {
        for await (const { text } of client.chat(feed("a", "fail", "c"))) replies.push(text);
      };
      await expect(loop()).rejects.toMatchObject({ code: Code.ResourceExhausted, rawMessage: "too much" });
      expect(replies).toEqual(["a"]);
      expect(await ended()).toMatchObject({ type: "error", sent: 1 });
    },
  );

  it("answers nothing when there are no messages", async () => {
    const { client } = await served({ chat: eachMessage(() => ({ text: "never" })) });
    expect(await collect(client.chat(feed()))).toEqual([]);
  });

  it("works in a handler that no interceptor observes", async () => {
    const { client } = await chatOver(way, {
      chat: eachMessage((ctx, { text }) => ({ text: `${text}: ${ctx === ROOT_CONTEXT}` })),
    });
    expect((await collect(client.chat(feed("a")))).map(({ text }) => text)).toEqual(["a: true"]);
  });
});

describe.each(["gRPC", "Connect over HTTP/2"] as const)("a client that leaves, %s", (way) => {
  it("ends the generator in mid-message: its `finally` runs in the message's context", async () => {
    const left = deferred<unknown>();
    const { client } = await chatOver(
      way,
      {
        chat: eachMessage(async function* (ctx) {
          try {
            for (;;) {
              yield { text: "more" };
              await setImmediate();
            }
          } finally {
            const before = contextOf() === ctx;
            await setImmediate();
            left.resolve([messageOf(ctx), before, contextOf() === ctx, logger() !== undefined]);
          }
        }),
      },
      { server: [serverInterceptor({ log: false, observers: [messageContexts()] })] },
    );
    const controller = new AbortController();
    const responses = client.chat(feed("a"), { signal: controller.signal })[Symbol.asyncIterator]();
    await responses.next();
    controller.abort();
    expect(await left.promise).toEqual(["server 1", true, true, true]);
  });
});

describe("eachMessage's callback", () => {
  it("has the message's context for OpenTelemetry and for logger() as well", async () => {
    otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const lines: string[] = [];
    const log = createLogger({
      format: (entry) => JSON.stringify(Object.fromEntries(entry.fields)),
      sink: { write: (text: string) => lines.push(...text.trimEnd().split("\n")) },
    });
    const seen: boolean[] = [];
    const named = () => ({
      onReceive: (ctx: Context, _message: unknown, n: number) => withFields(ctx, { message: n }),
    });
    const { client } = await chatOver(
      "gRPC",
      {
        chat: eachMessage(async function* (ctx, { text }) {
          seen.push(otel.active() === ctx);
          logger().info("first", { text });
          yield { text };
          seen.push(otel.active() === ctx);
          logger().info("second", { text });
          if (text === "b") throw new ConnectError("enough", Code.Aborted);
        }),
      },
      { server: [serverInterceptor({ logger: log, log: { access: "off" }, observers: [named] })] },
    );
    await collect(client.chat(feed("a", "b"))).catch(() => {});
    await until(() => liveCalls.size === 0 && lines.length > 0);
    expect(seen).toEqual([true, true, true, true]);
    expect(
      lines.map((line) => JSON.parse(line)).map(({ msg, text, message }) => [msg, text, message]),
    ).toEqual([
      ["first", "a", 1],
      ["second", "a", 1],
      ["first", "b", 2],
      ["second", "b", 2],
    ]);
  });
});

describe("receive beside eachMessage", () => {
  it("leaves the call's context active in a plain loop", async () => {
    const seen: unknown[] = [];
    const { client } = await chatOver(
      "gRPC",
      {
        async *chat(requests, context) {
          for await (const [ctx, { text }] of receive(requests, context)) {
            seen.push([messageOf(ctx), contextOf() === contextOf(context)]);
            yield { text };
          }
        },
      },
      { server: [serverInterceptor({ log: false, observers: [messageContexts()] })] },
    );
    await collect(client.chat(feed("a", "b")));
    expect(seen).toEqual([
      ["server 1", true],
      ["server 2", true],
    ]);
  });
});

type ChatHandler = ServiceImpl<typeof ChatService>["chat"];

function failing(text: string): { text: string } {
  if (text === "fail") throw new ConnectError("too much", Code.ResourceExhausted);
  return { text };
}

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}

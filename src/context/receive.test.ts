import { getEventListeners } from "node:events";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { type Chat, chatOver, ways } from "../../test/support/context-chat.js";
import {
  collect,
  deferred,
  messageContexts,
  messageOf,
  requestQueue,
  until,
} from "../../test/support/context-observe.js";
import { liveCalls } from "../call/call.js";
import { contextOf, eachMessage, receive, serverInterceptor } from "../index.js";

const shuttingDown = () => new ConnectError("server is shutting down", Code.Unavailable);

afterEach(() => until(() => liveCalls.size === 0));

describe.each(ways)("receive in a handler, %s", (way) => {
  it("gives the call's context for messages without one of their own", async () => {
    const same: boolean[] = [];
    const chat: Chat = {
      async *chat(requests, context) {
        for await (const [ctx, { text }] of receive(requests, context)) {
          same.push(ctx === contextOf(context));
          yield { text };
        }
      },
    };
    const { client } = await chatOver(way, chat, { server: [serverInterceptor({ log: false })] });
    const replies = await collect(client.chat(feed("a", "b")));
    expect({ same, replies: replies.map(({ text }) => text) }).toEqual({
      same: [true, true],
      replies: ["a", "b"],
    });
  });

  it.each(["with", "without"])(
    "gives each message its own context, %s the handler's context",
    async (given) => {
      const seen: unknown[] = [];
      const note = (ctx: Parameters<typeof messageOf>[0], text: string, context: HandlerContext) =>
        seen.push([text, messageOf(ctx), ctx === contextOf(context)]);
      const chat: Chat = {
        async *chat(requests, context) {
          const pairs = given === "with" ? receive(requests, context) : receive(requests);
          for await (const [ctx, { text }] of pairs) {
            note(ctx, text, context);
            yield { text };
          }
        },
        async upload(requests, context) {
          const pairs = given === "with" ? receive(requests, context) : receive(requests);
          for await (const [ctx, { text }] of pairs) note(ctx, text, context);
          return {};
        },
      };
      const observers = [messageContexts((n) => n !== 2)];
      const { client } = await chatOver(way, chat, {
        server: [serverInterceptor({ log: false, observers })],
      });
      await collect(client.chat(feed("a", "b", "c")));
      await client.upload(feed("d", "e", "f"));
      expect(seen).toEqual([
        ["a", "server 1", false],
        ["b", undefined, true],
        ["c", "server 3", false],
        ["d", "server 1", false],
        ["e", undefined, true],
        ["f", "server 3", false],
      ]);
    },
  );

  const waiting: { name: string; handler: (failed: (error: unknown) => void) => Chat }[] = [
    {
      name: "receive in a bidi handler",
      handler: (failed) => ({
        async *chat(requests, context) {
          try {
            for await (const [, { text }] of receive(requests, context)) yield { text };
          } catch (error) {
            failed(error);
            throw error;
          }
        },
      }),
    },
    {
      name: "eachMessage",
      handler: (failed) => ({
        chat: eachMessage((_ctx, { text }, context) => {
          context.signal.addEventListener("abort", () => failed(context.signal.reason));
          return { text };
        }),
      }),
    },
  ];

  it.each(waiting)("wakes at the server's shutdown with the signal's reason: $name", async ({ handler }) => {
    const failure = deferred<unknown>();
    const { client, shutdown } = await chatOver(way, handler(failure.resolve), {
      server: [serverInterceptor({ log: false })],
    });
    const requests = requestQueue<{ text: string }>();
    requests.push({ text: "a" });
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    await responses.next();
    const reason = shuttingDown();
    const end = responses.next().catch((error: unknown) => error);
    shutdown(reason);
    expect(await failure.promise).toBe(reason);
    expect(described(await end)).toBe("unavailable: server is shutting down");
  });

  it.each(waiting)("wakes at the call's deadline: $name", async ({ handler }) => {
    const failure = deferred<unknown>();
    const { client } = await chatOver(way, handler(failure.resolve), {
      server: [serverInterceptor({ log: false })],
    });
    const requests = requestQueue<{ text: string }>();
    requests.push({ text: "a" });
    // Only the server knows of this timeout: a client's own would often reset the stream first.
    const headers = way === "gRPC" ? { "grpc-timeout": "200m" } : { "connect-timeout-ms": "200" };
    const responses = client.chat(requests, { headers })[Symbol.asyncIterator]();
    await responses.next();
    const end = await responses.next().catch((error: unknown) => error);
    const timedOut = "deadlineexceeded: the operation timed out";
    expect([described(await failure.promise), described(end)]).toEqual([timedOut, timedOut]);
  });

  it("rejects at once when it is read after the abort", async () => {
    const reads = deferred<unknown[]>();
    const chat: Chat = {
      async *chat(requests, context) {
        const pairs = receive(requests, context);
        yield {};
        const results = [];
        for (let n = 0; n < 3; n++) results.push(await pairs.next().catch((error: unknown) => error));
        reads.resolve(results);
      },
    };
    const { client, shutdown } = await chatOver(way, chat, {
      server: [serverInterceptor({ log: false })],
    });
    const responses = client.chat(requestQueue<{ text: string }>())[Symbol.asyncIterator]();
    await responses.next();
    const reason = shuttingDown();
    const end = responses.next().catch(() => {});
    shutdown(reason);
    expect(await reads.promise).toEqual([reason, reason, reason]);
    await end;
  });

  it("works in a handler that no interceptor observes", async () => {
    const seen: unknown[] = [];
    const chat: Chat = {
      async *chat(requests, context) {
        for await (const [ctx, { text }] of receive(requests, context)) {
          seen.push([ctx, text]);
          yield { text };
        }
      },
    };
    const { client } = await chatOver(way, chat);
    await collect(client.chat(feed("a", "b")));
    expect(seen).toEqual([
      [ROOT_CONTEXT, "a"],
      [ROOT_CONTEXT, "b"],
    ]);
  });
});

describe("receive", () => {
  it("takes an OpenTelemetry context for messages that have none of their own", async () => {
    const ctx = ROOT_CONTEXT.setValue(Symbol("own"), 1);
    const pairs = await collect(receive(feed("a"), ctx));
    expect(pairs).toEqual([[ctx, { text: "a" }]]);
    expect(pairs[0]?.[0]).toBe(ctx);
  });

  it("never reads ahead, and reads once for each message", async () => {
    const { iterable, calls } = spied(["a", "b"]);
    const pairs = receive(iterable);
    const texts = [];
    for await (const [, { text }] of pairs) texts.push(`${text} after ${calls.next} reads`);
    expect({ texts, calls }).toEqual({
      texts: ["a after 1 reads", "b after 2 reads"],
      calls: { next: 3, return: 0 },
    });
    expect(await pairs.next()).toEqual({ done: true, value: undefined });
    expect(calls.next).toBe(3);
  });

  it("closes the stream when the loop is left, once, as a plain loop does", async () => {
    const { iterable, calls } = spied(["a", "b"]);
    const pairs = receive(iterable);
    for await (const _ of pairs) break;
    await pairs.return?.();
    expect(calls).toEqual({ next: 1, return: 1 });
    expect(await pairs.next()).toEqual({ done: true, value: undefined });
  });

  it("closes the stream when an error is thrown into it, and passes the error on", async () => {
    const { iterable, calls } = spied(["a", "b"]);
    const error = new Error("thrown in");
    async function* delegate() {
      yield* receive(iterable);
    }
    const pairs = delegate();
    await pairs.next();
    await expect(pairs.throw(error)).rejects.toBe(error);
    expect(calls).toEqual({ next: 1, return: 1 });
  });

  it("passes on the stream's error, and ends", async () => {
    const error = new Error("broken");
    const pairs = receive({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
    });
    await expect(pairs.next()).rejects.toBe(error);
    expect(await pairs.next()).toEqual({ done: true, value: undefined });
  });

  it("wakes every read that waits, in a handler that reads concurrently", async () => {
    const controller = new AbortController();
    const context = fakeContext(controller.signal);
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const pairs = receive(never, context);
    const reads = [pairs.next(), pairs.next()].map((read) => read.catch((error: unknown) => error));
    const reason = new Error("stop");
    controller.abort(reason);
    expect(await Promise.all(reads)).toEqual([reason, reason]);
  });

  it.each(["read to the end", "left", "broken"])(
    "leaves no listener on the handler's signal: %s",
    async (how) => {
      const { signal } = new AbortController();
      const context = fakeContext(signal);
      for (let n = 0; n < 3; n++) {
        const pairs = receive(how === "broken" ? breaking() : feed("a", "b"), context);
        if (how === "left") await pairs.next().then(() => pairs.return?.());
        else await collect(pairs).catch(() => {});
      }
      expect(getEventListeners(signal, "abort")).toEqual([]);
    },
  );
});

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}

async function* breaking(): AsyncGenerator<{ text: string }> {
  yield { text: "a" };
  throw new Error("broken");
}

/** An iterable that counts what is asked of it. */
function spied(texts: string[]) {
  const calls = { next: 0, return: 0 };
  const inner = feed(...texts);
  const iterator: AsyncIterator<{ text: string }> = {
    next() {
      calls.next++;
      return inner.next();
    },
    return() {
      calls.return++;
      return inner.return();
    },
  };
  return { calls, iterable: { [Symbol.asyncIterator]: () => iterator } };
}

/** As much of a handler's context as `receive` looks at. */
function fakeContext(signal: AbortSignal): HandlerContext {
  const values = { get: (key: { defaultValue: unknown }) => key.defaultValue };
  return { signal, values, requestHeader: new Headers() } as unknown as HandlerContext;
}

function described(error: unknown): string {
  const { code, rawMessage } = ConnectError.from(error);
  return `${Code[code]?.toLowerCase()}: ${rawMessage}`;
}

import { setImmediate } from "node:timers/promises";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { type Context, ROOT_CONTEXT } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { runChild } from "../../test/support/child.js";
import { type Chat, chatOver, connectTo, serve, type Way, ways } from "../../test/support/context-chat.js";
import {
  collect,
  deferred,
  endings,
  messageContexts,
  messageOf,
  requestQueue,
  until,
} from "../../test/support/context-observe.js";
import { liveCalls } from "../call/call.js";
import { clientInterceptor, receive, serverInterceptor } from "../index.js";

/** Counts up, for ever, and lets others have their turn. */
const endless: Chat = {
  async *countdown() {
    for (let n = 0; ; n++) {
      yield { n };
      await setImmediate();
    }
  },
};

/** Both sides observed, with what a test needs to see how the two calls end. */
async function observed(way: Way, chat: Chat) {
  const server = endings();
  const client = endings();
  const { client: remote } = await chatOver(way, chat, {
    server: [serverInterceptor({ log: false, observers: [server.observer] })],
    client: [clientInterceptor({ log: false, observers: [client.observer] })],
  });
  return { remote, server, client };
}

afterEach(() => until(() => liveCalls.size === 0));

describe.each(ways)("receive on a client, %s", (way) => {
  it("gives the outgoing call's context for messages without one of their own", async () => {
    const contexts: Context[] = [];
    const { client: remote } = await chatOver(way, echo, {
      client: [
        clientInterceptor({
          log: false,
          observers: [(call) => ({ onEnd: () => void contexts.push(call.ctx) })],
        }),
      ],
    });
    const pairs = await collect(receive(remote.chat(feed("a", "b"))));
    expect(pairs.map(([, { text }]) => text)).toEqual(["a", "b"]);
    expect(pairs.map(([ctx]) => ctx === contexts[0])).toEqual([true, true]);
  });

  it("gives a message its own context, before the one that it is given for the others", async () => {
    const { client: remote } = await chatOver(way, echo, {
      client: [clientInterceptor({ log: false, observers: [messageContexts((n) => n === 2)] })],
    });
    const given = ROOT_CONTEXT.setValue(Symbol("given"), 1);
    const pairs = await collect(receive(remote.chat(feed("a", "b", "c")), given));
    expect(pairs.map(([ctx]) => (ctx === given ? "given" : messageOf(ctx)))).toEqual([
      "given",
      "client 2",
      "given",
    ]);
  });

  const leaving: Record<string, (remote: Client<typeof ChatService>) => Promise<unknown>> = {
    "by break": async (remote) => {
      for await (const _ of receive(remote.countdown({}))) break;
    },
    "by break, later": async (remote) => {
      for await (const [, { n }] of receive(remote.countdown({}))) if (n === 5) break;
    },
    "by a throw in its body": async (remote) => {
      const loop = async () => {
        for await (const _ of receive(remote.countdown({}))) throw new Error("enough");
      };
      await expect(loop()).rejects.toThrow(new Error("enough"));
    },
    "before the first message": (remote) => returned(receive(remote.countdown({}))),
    "while it waits for the first message": async (remote) => {
      const pairs = receive(remote.countdown({}));
      const first = pairs.next();
      await returned(pairs);
      await first;
    },
    "with a deadline": async (remote) => {
      for await (const _ of receive(remote.countdown({}, { timeoutMs: 60_000 }))) break;
    },
  };

  it.each(Object.entries(leaving))("cancels the call when the loop is left %s", async (_name, leave) => {
    const { remote, server, client } = await observed(way, endless);
    await leave(remote);
    expect((await client.next()).type).toBe("canceled");
    expect((await server.next()).type).toBe("canceled");
    expect([client.all.length, server.all.length]).toEqual([1, 1]);
  });

  it("wakes the server's handler that waits for the next request", async () => {
    const { remote, server } = await observed(way, echo);
    const requests = requestQueue<{ text: string }>();
    requests.push({ text: "a" });
    for await (const _ of receive(remote.chat(requests))) break;
    expect((await server.next()).type).toBe("canceled");
  });

  it("cancels nothing when the loop has come to its end", async () => {
    const { remote, server, client } = await observed(way, echo);
    const pairs = receive(remote.chat(feed("a")));
    await collect(pairs);
    await returned(pairs);
    expect([await client.next(), await server.next()]).toEqual([
      { side: "client", type: "ok", received: 1, sent: 1 },
      { side: "server", type: "ok", received: 1, sent: 1 },
    ]);
  });

  it("passes on the server's error, as the plain stream does", async () => {
    const chat: Chat = {
      async *countdown() {
        yield { n: 1 };
        throw new ConnectError("no more", Code.ResourceExhausted);
      },
    };
    const { remote, client } = await observed(way, chat);
    const texts: number[] = [];
    const loop = async () => {
      for await (const [, { n }] of receive(remote.countdown({}))) texts.push(n);
    };
    await expect(loop()).rejects.toMatchObject({ code: Code.ResourceExhausted, rawMessage: "no more" });
    expect(texts).toEqual([1]);
    expect((await client.next()).type).toBe("error");
  });

  it("is plain iteration without the interceptor: leaving early reads no more", async () => {
    let sent = 0;
    const stop = deferred();
    const chat: Chat = {
      async *countdown() {
        for (let n = 0; n < 3; n++) {
          sent++;
          yield { n };
        }
        await stop.promise;
      },
    };
    const { client: remote } = await chatOver(way, chat);
    const pulled: number[] = [];
    for await (const [ctx, { n }] of receive(counting(remote.countdown({}), pulled))) {
      expect([ctx, n]).toEqual([ROOT_CONTEXT, 0]);
      break;
    }
    await until(() => way === "in memory" || sent === 3);
    expect(pulled).toEqual([1]);
    stop.resolve();
  });
});

describe("receive of a client's stream inside a handler, with the handler's context", () => {
  async function relay(chat: (remote: Client<typeof ChatService>) => Chat) {
    const upstream = endings();
    const downstream = endings();
    const { url } = await serve({
      routes: (router) => router.service(ChatService, { ...endless, ...echo }),
      interceptors: [serverInterceptor({ log: false, observers: [upstream.observer] })],
    });
    const remote = createClient(
      ChatService,
      connectTo(url, "gRPC", [
        clientInterceptor({ log: false, observers: [messageContexts((n) => n === 2)] }),
      ]),
    );
    const outer = await chatOver("gRPC", chat(remote), {
      server: [serverInterceptor({ log: false, observers: [downstream.observer] })],
    });
    return { ...outer, upstream, downstream };
  }

  it("gives the handler's context, and cancels the outgoing call when the loop is left", async () => {
    const seen: unknown[] = [];
    const { client, upstream, downstream } = await relay((remote) => ({
      async say(_request, context) {
        for await (const [ctx, { n }] of receive(remote.countdown({}), context)) {
          seen.push([n, messageOf(ctx)]);
          if (n === 2) break;
        }
        return { text: "done" };
      },
    }));
    expect((await client.say({})).text).toBe("done");
    expect(seen).toEqual([
      [0, undefined],
      [1, "client 2"],
      [2, undefined],
    ]);
    expect((await upstream.next()).type).toBe("canceled");
    expect((await downstream.next()).type).toBe("ok");
  });

  it("rejects with the reason of the handler's signal, and cancels the outgoing call", async () => {
    const failure = deferred<unknown>();
    const waiting = deferred();
    const { client, shutdown, upstream, downstream } = await relay((remote) => ({
      async say(_request, context) {
        const requests = requestQueue<{ text: string }>();
        requests.push({ text: "a" });
        try {
          for await (const _ of receive(remote.chat(requests), context)) waiting.resolve();
        } catch (error) {
          failure.resolve(error);
          throw error;
        }
        return {};
      },
    }));
    const answer = client.say({}).catch((error: unknown) => error);
    await waiting.promise;
    const reason = new ConnectError("server is shutting down", Code.Unavailable);
    shutdown(reason);
    expect(await failure.promise).toBe(reason);
    expect((await upstream.next()).type).toBe("canceled");
    expect((await downstream.next()).type).toBe("shutdown");
    expect(ConnectError.from(await answer).code).toBe(Code.Unavailable);
  });
});

describe("a process that has left its streams", () => {
  it("ends by itself: the deadline's timer is let go", async () => {
    expect(await runChild("leave")).toEqual({
      code: 0,
      stdout: "left in memory\nleft over gRPC\nleft over Connect\n",
      stderr: "",
    });
  }, 60_000);
});

const echo: Chat = {
  async *chat(requests) {
    for await (const { text } of requests) yield { text };
  },
};

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}

/** What a loop does when it is left. */
async function returned(pairs: AsyncIterator<unknown>): Promise<void> {
  await pairs.return?.();
}

/** The same stream, that counts how often it is pulled. Like Connect's it has no `return()`. */
function counting<T>(stream: AsyncIterable<T>, pulls: number[]): AsyncIterable<T> {
  const inner = stream[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        pulls.push(pulls.length + 1);
        return inner.next();
      },
    }),
  };
}

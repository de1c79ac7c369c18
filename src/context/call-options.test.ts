import {
  type CallOptions,
  Code,
  ConnectError,
  createClient,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { type Context, ROOT_CONTEXT } from "@opentelemetry/api";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, chatOver, connectTo, serve } from "../../test/support/context-chat.js";
import { collect, deferred, messageContexts, messageOf, until } from "../../test/support/context-observe.js";
import { liveCalls } from "../call/call.js";
import { outgoingContext } from "../call/outgoing.js";
import { callOptions, clientInterceptor, contextOf, receive, serverInterceptor } from "../index.js";

const own = ROOT_CONTEXT.setValue(Symbol("own"), 1);

/** Runs `inside` in a unary handler whose call has `timeoutMs`, or none. */
async function inHandler<T>(
  timeoutMs: number | undefined,
  inside: (context: HandlerContext) => T | Promise<T>,
): Promise<T> {
  let result: Promise<T> | undefined;
  const chat: Chat = {
    async say(_request, context) {
      result = (async () => inside(context))();
      await result;
      return {};
    },
  };
  const { client } = await chatOver("in memory", chat, { server: [serverInterceptor({ log: false })] });
  // A call whose deadline passes fails; its handler goes on.
  await client.say({}, timeoutMs === undefined ? {} : { timeoutMs }).catch(() => {});
  if (result === undefined) throw new Error("the handler was not called");
  return result;
}

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ now: 1_000_000, test: t });
});
afterEach(async () => {
  await until(() => liveCalls.size === 0);
});

describe("callOptions outside of a call", () => {
  it("carries the context and nothing else", () => {
    const { contextValues, ...rest } = callOptions(own);
    expect(contextValues?.get(outgoingContext)).toBe(own);
    expect(rest).toEqual({});
  });

  it("keeps the call's own options", () => {
    const { signal } = new AbortController();
    const options: CallOptions = { timeoutMs: 5, signal, headers: { a: "b" }, onHeader() {}, onTrailer() {} };
    const { contextValues: _, ...rest } = callOptions(own, options);
    expect(rest).toEqual(options);
    expect(rest.signal).toBe(signal);
  });

  it("reads and writes the caller's context values, and leaves no context in them", () => {
    const key = createContextKey("default");
    const values = createContextValues().set(key, "the caller's");
    const [first, second] = [own, ROOT_CONTEXT].map(
      (ctx) => callOptions(ctx, { contextValues: values }).contextValues,
    );
    expect([first?.get(key), first?.get(outgoingContext), second?.get(outgoingContext)]).toEqual([
      "the caller's",
      own,
      ROOT_CONTEXT,
    ]);
    expect(values.get(outgoingContext)).toBeUndefined();
    expect(first?.set(key, "changed")).toBe(first);
    expect([values.get(key), second?.get(key)]).toEqual(["changed", "changed"]);
    expect(first?.delete(key)).toBe(first);
    expect(values.get(key)).toBe("default");
  });
});

describe("callOptions in a call that is served", () => {
  it.each([
    ["no deadline, none of its own", undefined, undefined, undefined],
    ["no deadline, its own", undefined, 700, 700],
    ["a deadline, none of its own", 5000, undefined, 3800],
    ["a deadline, a shorter one of its own", 5000, 700, 700],
    ["a deadline, a longer one of its own", 5000, 9000, 3800],
    ["a deadline, its own switched off", 5000, 0, 3800],
    ["a deadline that has passed", 1000, undefined, 1],
  ])("joins the timeouts: %s", async (_name, served, timeoutMs, expected) => {
    const options = await inHandler(served, async (context) => {
      await clock.advance(1200);
      return callOptions(context, timeoutMs === undefined ? {} : { timeoutMs });
    });
    expect(options.timeoutMs).toBe(expected);
    expect("timeoutMs" in options).toBe(expected !== undefined);
  });

  it("takes the call's signal when it has none of its own", async () => {
    const same = await inHandler(
      undefined,
      (context) => callOptions(context).signal === context.signal && callOptions(contextOf(context)).signal,
    );
    expect(same).toBeInstanceOf(AbortSignal);
  });

  it("aborts with whichever signal comes first, and gives its reason", async () => {
    const controller = new AbortController();
    const joined = await inHandler(undefined, (context) => {
      const { signal } = callOptions(context, { signal: controller.signal });
      const before = signal?.aborted;
      controller.abort("my own");
      return [before, signal?.aborted, signal?.reason];
    });
    expect(joined).toEqual([false, true, "my own"]);
    // In Connect the handler's signal aborts at the end of the call.
    const after = await inHandler(
      undefined,
      (context) => callOptions(context, { signal: new AbortController().signal }).signal,
    );
    expect(after?.aborted).toBe(true);
  });

  it("does not write to the options that it is given", async () => {
    const options = Object.freeze({ timeoutMs: 9000, headers: Object.freeze({ a: "b" }) });
    const joined = await inHandler(5000, (context) => callOptions(context, options));
    expect(joined).toMatchObject({ timeoutMs: 5000, headers: { a: "b" } });
    expect(options).toEqual({ timeoutMs: 9000, headers: { a: "b" } });
  });
});

describe("an outgoing call with callOptions", () => {
  /** An upstream server and a handler that calls it, both real. */
  async function relay(
    chat: (remote: ReturnType<typeof createClient<typeof ChatService>>) => Chat,
    upstream: Chat,
  ) {
    const parents: Context[] = [];
    const { url } = await serve({ routes: (router) => router.service(ChatService, upstream) });
    const observed = clientInterceptor({
      log: false,
      observers: [
        messageContexts(),
        (call) => void parents.push((call as unknown as { parent: Context }).parent),
      ],
    });
    const remote = createClient(ChatService, connectTo(url, "gRPC", [observed]));
    const outer = await chatOver("gRPC", chat(remote), {
      server: [serverInterceptor({ log: false, observers: [messageContexts()] })],
    });
    return { ...outer, parents };
  }

  it("has the given context as its parent, whichever is active", async () => {
    const { client, parents } = await relay(
      (remote) => ({
        async *chat(requests, context) {
          for await (const [ctx, { text }] of receive(requests, context)) {
            await remote.say({ text }, callOptions(ctx));
            yield { text };
          }
          await remote.say({ text: "own" }, callOptions(own));
        },
      }),
      { say: ({ text }) => ({ text }) },
    );
    await collect(client.chat(feed("a", "b")));
    expect(parents.map((ctx) => (ctx === own ? "own" : messageOf(ctx)))).toEqual([
      "server 1",
      "server 2",
      "own",
    ]);
  });

  it("joins the served call also by way of another call made for it", async () => {
    const { client } = await relay(
      (remote) => ({
        async say(_request, context) {
          const same: boolean[] = [];
          for await (const [ctx] of receive(remote.countdown({}, callOptions(context)))) {
            same.push(
              messageOf(ctx) === "client 1" && callOptions(ctx).signal === callOptions(context).signal,
            );
          }
          return { text: String(same) };
        },
      }),
      {
        async *countdown() {
          yield { n: 1 };
        },
      },
    );
    expect((await client.say({})).text).toBe("true");
  });

  it("is cancelled with the served call, and sends its own headers", async () => {
    const headers: (string | null)[] = [];
    const started = deferred();
    const { client, shutdown } = await relay(
      (remote) => ({
        say: async (_request, context) => {
          await remote.say({}, callOptions(context, { headers: { "x-mine": "kept" } }));
          return {};
        },
      }),
      {
        say(_request, context) {
          headers.push(context.requestHeader.get("x-mine"));
          started.resolve();
          return new Promise((_resolve, reject) =>
            context.signal.addEventListener("abort", () => reject(context.signal.reason)),
          );
        },
      },
    );
    const answer = client.say({}).catch((error: unknown) => ConnectError.from(error).code);
    await started.promise;
    shutdown(new ConnectError("server is shutting down", Code.Unavailable));
    expect([await answer, headers]).toEqual([Code.Unavailable, ["kept"]]);
  });
});

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}

import { setImmediate } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { context as otel, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, chatOver, connectTo, serve, ways } from "../../test/support/context-chat.js";
import { collect, messageContexts, messageOf, requestQueue } from "../../test/support/context-observe.js";
import { clientInterceptor, contextOf, eachMessage, serverInterceptor } from "../index.js";
import { callOf } from "./call.js";
import { activeContext, runIn } from "./implicit.js";

const echo: Chat = {
  say: ({ text }) => ({ text }),
  async *chat(requests) {
    for await (const { text } of requests) yield { text };
  },
  async upload(requests) {
    return { count: (await collect(requests)).length };
  },
};
const client = [clientInterceptor({ log: false })];

/** Contexts that stand for callers, so that one can see whose is active. */
const alice = ROOT_CONTEXT.setValue(Symbol.for("caller"), "alice");
const bob = ROOT_CONTEXT.setValue(Symbol.for("caller"), "bob");
const caller = () => activeContext().getValue(Symbol.for("caller"));
const inside = () => callOf(activeContext())?.path;

afterEach(() => otel.disable());

describe.each(["without a context manager", "with OpenTelemetry's context manager"])(
  "a client's request generator, %s",
  (sdk) => {
    function registerManager() {
      if (sdk.startsWith("with O"))
        otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    }

    it.each(ways)("runs in the caller's context from start to end: %s", async (way) => {
      registerManager();
      const points: unknown[] = [];
      async function* requests() {
        try {
          points.push(["start", caller(), inside()]);
          yield { text: "a" };
          points.push(["yielded", caller(), inside()]);
          await setImmediate();
          points.push(["awaited", caller(), inside()]);
          yield { text: "b" };
        } finally {
          points.push(["finally", caller(), inside()]);
        }
      }
      const { client: remote } = await chatOver(way, echo, { client });
      await runIn(alice, () => collect(remote.chat(requests())), undefined);
      await runIn(alice, () => remote.upload(requests()), undefined);
      const once = ["start", "yielded", "awaited", "finally"].map((point) => [point, "alice", undefined]);
      expect(points).toEqual([...once, ...once]);
    });

    it("runs in its own caller's context on an HTTP/2 session that another call has opened", async () => {
      registerManager();
      const { client: remote } = await chatOver("gRPC", echo, { client });
      const seen: unknown[] = [];
      async function* requests(texts: AsyncIterable<{ text: string }>) {
        for await (const request of texts) {
          seen.push([request.text, caller()]);
          yield request;
        }
      }
      const forAlice = requestQueue<{ text: string }>();
      const forBob = requestQueue<{ text: string }>();
      forAlice.push({ text: "alice 1" });
      const toAlice = runIn(alice, () => remote.chat(requests(forAlice)), undefined)[Symbol.asyncIterator]();
      await toAlice.next();
      forBob.push({ text: "bob 1" });
      const toBob = runIn(bob, () => remote.chat(requests(forBob)), undefined)[Symbol.asyncIterator]();
      await toBob.next();
      forAlice.push({ text: "alice 2" });
      await toAlice.next();
      forBob.push({ text: "bob 2" });
      await toBob.next();
      forAlice.end();
      forBob.end();
      await Promise.all([toAlice.next(), toBob.next()]);
      expect(seen).toEqual([
        ["alice 1", "alice"],
        ["bob 1", "bob"],
        ["alice 2", "alice"],
        ["bob 2", "bob"],
      ]);
    });

    it("does not change the context of the code that reads the responses", async () => {
      registerManager();
      const { client: remote } = await chatOver("gRPC", echo, { client });
      const seen: unknown[] = [];
      await runIn(
        alice,
        async () => {
          for await (const _ of remote.chat(feed("a", "b"))) seen.push([caller(), inside()]);
          await remote.say({});
          seen.push([caller(), inside()]);
        },
        undefined,
      );
      expect(seen).toEqual([
        ["alice", undefined],
        ["alice", undefined],
        ["alice", undefined],
      ]);
    });
  },
);

describe("a call that a handler makes", () => {
  it("belongs to the handler's call: its context is the parent, and its generator runs there", async () => {
    const parents: unknown[] = [];
    const generators: unknown[] = [];
    const upstream = await serve({ routes: (router) => router.service(ChatService, echo) });
    const observed = clientInterceptor({
      log: false,
      observers: [
        (call) => void parents.push([call.method, callOf((call as unknown as ParentHolder).parent)?.method]),
      ],
    });
    const remote = createClient(ChatService, connectTo(upstream.url, "gRPC", [observed]));
    async function* requests() {
      for (const text of ["a", "b"]) {
        generators.push(inside());
        yield { text };
      }
    }
    const chat: Chat = {
      async say() {
        await remote.say({});
        await remote.upload(requests());
        return {};
      },
    };
    const { client: outer } = await chatOver("gRPC", chat, { server: [serverInterceptor({ log: false })] });
    await outer.say({});
    expect(parents).toEqual([
      ["Say", "Say"],
      ["Upload", "Say"],
    ]);
    expect(generators).toEqual(["chat.v1.ChatService/Say", "chat.v1.ChatService/Say"]);
  });

  it("belongs to the message when it is made in eachMessage", async () => {
    const parents: unknown[] = [];
    const upstream = await serve({ routes: (router) => router.service(ChatService, echo) });
    const observed = clientInterceptor({
      log: false,
      observers: [(call) => void parents.push(messageOf((call as unknown as ParentHolder).parent))],
    });
    const remote = createClient(ChatService, connectTo(upstream.url, "gRPC", [observed]));
    const chat: Chat = {
      chat: eachMessage(async (_ctx, { text }) => {
        await remote.say({ text });
        return { text };
      }),
    };
    const { client: outer } = await chatOver("gRPC", chat, {
      server: [serverInterceptor({ log: false, observers: [messageContexts()] })],
    });
    await collect(outer.chat(feed("a", "b")));
    expect(parents).toEqual(["server 1", "server 2"]);
  });

  it("has the active context when there is none of a handler", () => {
    expect(contextOf()).toBe(ROOT_CONTEXT);
    expect(runIn(alice, () => contextOf(), undefined)).toBe(alice);
  });
});

/** What the kit's own calls know besides their CallInfo. */
interface ParentHolder {
  readonly parent: typeof ROOT_CONTEXT;
}

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}

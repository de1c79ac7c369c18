import { callOptions, clientInterceptor, contextOf, serverInterceptor } from "connect-clue";
import { describe, expect, it } from "vitest";
import {
  allEnded,
  BufferedTraces,
  failingChat,
  makeSpan,
  notFound,
  tracedClient,
  tracedServer,
} from "../../test/support/buffered-traces.js";
import { requests } from "../../test/support/chat-server.js";
import { chatOver } from "../../test/support/context-chat.js";
import { callByHand, endWith } from "../../test/support/hand-made-call.js";
import { comparable } from "../testing/test-span.js";

describe("a call inside of another", () => {
  it("is exported with the call that it was made for", async () => {
    const traces = new BufferedTraces();
    const other = await tracedClient(traces, { say: () => ({}) });
    const client = await tracedServer(traces, {
      async say(_, context) {
        await other.say({}, callOptions(contextOf(context)));
        throw notFound;
      },
    });
    await expect(client.say({})).rejects.toThrow();
    await allEnded(traces);
    const kinds = comparable(traces.exported).map(({ kind, trace, parent }) => [
      kind,
      trace,
      parent ?? "none",
    ]);
    expect(kinds.sort()).toEqual([
      ["client", "trace 1", "span 1"],
      ["server", "trace 1", "none"],
    ]);
  });

  it("is forgotten with it", async () => {
    const traces = new BufferedTraces();
    const other = await tracedClient(traces, { say: () => ({}) });
    const client = await tracedServer(traces, {
      async say(_, context) {
        await other.say({}, callOptions(contextOf(context)));
        return {};
      },
    });
    await client.say({});
    await allEnded(traces);
    expect([traces.started, traces.names]).toEqual([2, []]);
  });

  it("is exported with what led up to it, and with all around it, when it fails and the other one succeeds", async () => {
    const traces = new BufferedTraces();
    const other = await tracedClient(traces, failingChat);
    const client = await tracedServer(traces, {
      async say(_, context) {
        const ctx = contextOf(context);
        makeSpan(traces, "before", ctx);
        await other.say({}, callOptions(ctx)).catch(() => {});
        makeSpan(traces, "after", ctx);
        return {};
      },
    });
    await client.say({});
    await allEnded(traces);
    expect(traces.exported.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "0 before",
      "2 chat.v1.ChatService/Say",
      "0 after",
      "1 chat.v1.ChatService/Say",
    ]);
  });

  it("without a span of its own counts as well", () => {
    const traces = new BufferedTraces();
    const outer = callByHand();
    const inner = callByHand({ side: "client", parent: outer.ctx });
    makeSpan(traces, "inside", inner.ctx);
    endWith(inner, "error");
    outer.succeed();
    expect(traces.names).toEqual(["inside"]);
  });

  it("that fails is of no interest with onError: false", () => {
    const traces = new BufferedTraces({ onError: false, slowerThanMs: 1e9 });
    const outer = callByHand();
    const inner = callByHand({ side: "client", parent: outer.ctx });
    makeSpan(traces, "inside", inner.ctx);
    endWith(inner, "error");
    endWith(outer, "error");
    expect(traces.names).toEqual([]);
  });

  it("is alone when the other one has ended", () => {
    const traces = new BufferedTraces();
    const outer = callByHand();
    endWith(outer, "error");
    const inner = callByHand({ side: "client", parent: outer.ctx });
    makeSpan(traces, "inside", inner.ctx);
    endWith(inner, "ok");
    expect(traces.names).toEqual([]);
  });

  it("is served in memory for the client that makes it", async () => {
    const traces = new BufferedTraces();
    const options = { log: false, metrics: false, trace: traces.options } as const;
    const { client } = await chatOver("in memory", failingChat, {
      server: [serverInterceptor(options)],
      client: [clientInterceptor(options)],
    });
    const call = callByHand();
    await expect(client.say({}, callOptions(call.ctx))).rejects.toThrow();
    expect(traces.exported.map(({ kind }) => kind).sort()).toEqual([1, 2]);
    makeSpan(traces, "after", call.ctx);
    call.succeed();
    expect(traces.names.at(-1)).toBe("after");
  });
});

describe("a stream", () => {
  it("exports the message in which a call failed, and its own span, and not what succeeded", async () => {
    const traces = new BufferedTraces();
    const other = await tracedClient(traces, {
      say({ text }) {
        if (text === "2") throw notFound;
        return {};
      },
    });
    const client = await tracedServer(traces, {
      async *chat(messages, context) {
        for await (const { text } of messages) {
          const ctx = contextOf(context);
          await other.say({ text }, callOptions(ctx)).catch(() => {});
          makeSpan(traces, `message ${text}`, ctx);
          yield { text };
        }
      },
    });
    const texts = ["1", "2", "3"].map((text) => ({ text }));
    for await (const _ of client.chat(requests(...texts)));
    await allEnded(traces);
    // The failure writes what led up to it: that of the message before, too, like the log.
    expect(traces.exported.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "2 chat.v1.ChatService/Say",
      "0 message 1",
      "2 chat.v1.ChatService/Say",
      "0 message 2",
      "1 chat.v1.ChatService/Chat",
    ]);
  });
});

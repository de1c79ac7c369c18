/** How long the consumer span of a received message lives, whatever becomes of the message and of its stream. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Attributes } from "@opentelemetry/api";
import { eachMessage, receive } from "connect-clue";
import { type TestSpans, testSpans } from "connect-clue/testing-telemetry";
import { describe, expect, it } from "vitest";
import { type ChatHandlers, requests } from "../../test/support/chat-server.js";
import { gate } from "../../test/support/gate.js";
import {
  drain,
  type TracedChatOptions,
  tracedChat,
  workingHandlers,
} from "../../test/support/traced-chat.js";

describe("on a server, a message's span lasts", () => {
  it("until the handler asks for the next message", async () => {
    const { client, events } = await start({
      async upload(messages) {
        let count = 0;
        for await (const _ of messages) {
          events.push(`handler begins ${++count}`);
          await Promise.resolve();
          events.push(`handler is done with ${count}`);
        }
        events.push("handler has seen the end");
        return { count };
      },
    });
    await client.upload(requests({}, {}));
    expect(events).toEqual([
      "span 1 starts",
      "handler begins 1",
      "handler is done with 1",
      "span 1 ends",
      "span 2 starts",
      "handler begins 2",
      "handler is done with 2",
      "span 2 ends",
      "handler has seen the end",
    ]);
  });

  it("until it is asked for, not until it comes", async () => {
    const { client, events } = await start(workingHandlers);
    const answered = gate();
    const second = answered.opened.then(() => {
      events.push("second message is sent");
      return {};
    });
    for await (const _ of client.chat(requests<object>({}, second))) answered.open();
    expect(events).toEqual([
      "span 1 starts",
      "span 1 ends",
      "second message is sent",
      "span 2 starts",
      "span 2 ends",
    ]);
  });

  it("in eachMessage, until the callback has ended and its replies are out", async () => {
    const { client, events } = await start({
      chat: eachMessage(async function* (_ctx, { text }) {
        events.push(`callback begins ${text}`);
        yield { text: "a" };
        events.push("first reply is out");
        yield { text: "b" };
        events.push("second reply is out");
      }),
    });
    await drain(client.chat(requests({ text: "one" }, { text: "two" })));
    const callback = (n: number, text: string) => [
      `span ${n} starts`,
      `callback begins ${text}`,
      "first reply is out",
      "second reply is out",
      `span ${n} ends`,
    ];
    expect(events).toEqual([...callback(1, "one"), ...callback(2, "two")]);
  });

  it("until the call ends, when the handler goes on without reading", async () => {
    const { client, events, ended } = await start({
      async *chat(messages) {
        for await (const _ of messages) break;
        yield {};
        events.push("handler is done");
      },
    });
    await drain(client.chat(requests({}, {})));
    await ended();
    expect(events).toEqual(["span 1 starts", "handler is done", "span 1 ends"]);
  });

  it("until the call ends, when the client goes", async () => {
    const { client, events, spans, ended } = await start({
      async *chat(messages, { signal }) {
        for await (const _ of messages) {
          yield {};
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        }
      },
    });
    const { signal, abort } = aborting();
    const reading = async () => {
      for await (const _ of client.chat(requests({}), { signal })) abort();
    };
    await expect(reading()).rejects.toThrow(ConnectError);
    await ended();
    expect(await endsOf(spans)).toEqual([undefined]);
    expect(events).toEqual(["span 1 starts", "span 1 ends"]);
  });
});

describe("on a client, a message's span lasts", () => {
  it("until the next message is asked for", async () => {
    const { client, events } = await start(workingHandlers, "client");
    for await (const { n } of client.countdown({ from: 1 })) events.push(`client has ${n}`);
    expect(events).toEqual([
      "span 1 starts",
      "client has 1",
      "span 1 ends",
      "span 2 starts",
      "client has 0",
      "span 2 ends",
    ]);
  });

  it("until the loop is left, with receive", async () => {
    const { client, events } = await start(workingHandlers, "client");
    for await (const [,] of receive(client.countdown({ from: 1000 }))) {
      events.push("client has one");
      break;
    }
    expect(events).toEqual(["span 1 starts", "client has one", "span 1 ends"]);
  });

  it("until the call ends", async () => {
    const { client, events } = await start(
      {
        async *countdown() {
          yield {};
          throw new ConnectError("no", Code.InvalidArgument);
        },
      },
      "client",
    );
    const responses = client.countdown({})[Symbol.asyncIterator]();
    await responses.next();
    await expect(responses.next()).rejects.toThrow("[invalid_argument] no");
    expect(events).toEqual(["span 1 starts", "span 1 ends"]);
  });
});

describe("a consumer that reads ahead", () => {
  it("has one span at a time: that of the message read last", async () => {
    const { client, events } = await start({
      async *chat(messages) {
        const reader = messages[Symbol.asyncIterator]();
        let next = reader.next();
        for (let n = 1; (await next).done !== true; n++) {
          next = reader.next();
          events.push(`handler works on ${n}`);
          yield {};
        }
      },
    });
    const answered = gate();
    const second = answered.opened.then(() => ({}));
    for await (const _ of client.chat(requests<object>({}, second))) answered.open();
    expect(events).toEqual([
      "span 1 starts",
      "span 1 ends",
      "handler works on 1",
      "span 2 starts",
      "span 2 ends",
      "handler works on 2",
    ]);
  });

  it("leaves no span open, however many reads it has waiting", async () => {
    const { client, events, ended } = await start({
      async upload(messages) {
        const reader = messages[Symbol.asyncIterator]();
        const results = await Promise.all(Array.from({ length: 5 }, () => reader.next()));
        return { count: results.filter(({ done }) => done !== true).length };
      },
    });
    expect((await client.upload(requests({}, {}, {}))).count).toBe(3);
    await ended();
    expect(events).toEqual([1, 2, 3].flatMap((n) => [`span ${n} starts`, `span ${n} ends`]));
  });
});

describe("the span of the message that is worked on when the call fails", () => {
  it.each<[string, () => Error, string | undefined]>([
    ["a plain error", () => new Error("no"), "error internal"],
    ["the server's fault", () => new ConnectError("no", Code.Unavailable), "error unavailable"],
    ["the client's fault", () => new ConnectError("no", Code.InvalidArgument), undefined],
  ])("says so by the server's rules: %s", async (_, error, expected) => {
    const { client, spans, ended } = await start({
      async upload(messages) {
        let count = 0;
        for await (const _ of messages) if (++count === 2) throw error();
        return {};
      },
    });
    await expect(client.upload(requests({}, {}, {}))).rejects.toThrow(ConnectError);
    await ended();
    expect(await endsOf(spans)).toEqual([undefined, expected]);
  });

  it("says so in eachMessage", async () => {
    const { client, spans, ended } = await start({
      chat: eachMessage((_ctx, { text }) => {
        if (text === "die") throw new Error("no");
        return {};
      }),
    });
    await expect(drain(client.chat(requests({}, { text: "die" })))).rejects.toThrow(ConnectError);
    await ended();
    expect(await endsOf(spans)).toEqual([undefined, "error internal"]);
  });

  it("says nothing when it was done with before", async () => {
    const { client, spans, ended } = await start({
      async upload(messages) {
        for await (const _ of messages);
        throw new Error("no");
      },
    });
    await expect(client.upload(requests({}, {}))).rejects.toThrow(ConnectError);
    await ended();
    expect(await endsOf(spans)).toEqual([undefined, undefined]);
  });
});

/** A chat whose one side has message spans; and what happens, in order: their starts and ends, and what a test adds. */
async function start(
  handlers: ChatHandlers,
  side: "server" | "client" = "server",
  options: TracedChatOptions = {},
) {
  const events: string[] = [];
  const { client, chat, spans } = await tracedChat(handlers, {
    ...options,
    spans: tellingSpans(events),
    [side]: { messageSpans: "child" },
  });
  return { client, events, spans, ended: () => chat.server.ended() };
}

/** Spans that tell when those of messages start and end. */
function tellingSpans(events: string[]): TestSpans {
  const tell = (what: string, { attributes }: Attributed) => {
    const n = attributes["clue.message.number"];
    if (n !== undefined) events.push(`span ${n} ${what}`);
  };
  const processor = {
    onStart: (span: Attributed) => tell("starts", span),
    onEnd: (span: Attributed) => tell("ends", span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  return testSpans({ spanProcessors: [processor] });
}

interface Attributed {
  readonly attributes: Attributes;
}

/** How the message spans ended, in order: with which error, if any. All spans have ended. */
async function endsOf(spans: TestSpans): Promise<unknown[]> {
  return (await spans.ended(1))
    .filter(({ kind }) => kind === "consumer")
    .map(({ status, attributes }) => status && `${status} ${attributes["error.type"]}`);
}

function aborting() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

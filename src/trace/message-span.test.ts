/** The consumer spans of received messages: which there are, and what they say. */

import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  type IdGenerator,
  InMemorySpanExporter,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { contextOf, receive, send } from "connect-clue";
import type { TestSpan } from "connect-clue/testing";
import { type TestSpans, testSpans } from "connect-clue/testing-telemetry";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ChatRequestSchema, ChatResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, type ChatHandlers, requests } from "../../test/support/chat-server.js";
import { gate } from "../../test/support/gate.js";
import { messageSpan, WireTap } from "../../test/support/message-traces.js";
import { inSpan, spanOf, traceparentOf, withBaggage } from "../../test/support/span-contexts.js";
import {
  drain,
  spanOf as rpcSpan,
  type TracedChatOptions,
  tracedChat,
  workingHandlers,
} from "../../test/support/traced-chat.js";

const b2 = inSpan(spanOf("b", 2));
const inB2 = { trace: "b".repeat(32), parent: "remote 0000000000000002" };
const b2Link = `0000000000000002 of ${"b".repeat(32)}`;
const child = { messageSpans: "child" } as const;
const linked = { messageSpans: "linked" } as const;
const counted = { attributes: { "clue.messages.received": 2, "clue.messages.sent": 2 } };
const clientSpan = rpcSpan("client", "Chat", counted);
const serverSpan = rpcSpan("server", "Chat", counted);

afterEach(() => vi.restoreAllMocks());

describe("child", () => {
  it("a span belongs to the trace of its message, and is linked to the stream's unless it is its child", async () => {
    expect(await spansOfChat({ server: child })).toEqual([
      clientSpan,
      serverSpan,
      messageSpan(1, { trace: "trace 1", span: "span 3", parent: "span 2" }),
      messageSpan(2, { ...inB2, span: "span 4", links: ["span 2 of trace 1"] }),
    ]);
  });

  it("a client's span belongs to that of the message that was answered", async () => {
    const links = ["span 1 of trace 1"];
    expect(await spansOfChat({ server: child, client: child })).toEqual([
      clientSpan,
      serverSpan,
      messageSpan(1, { trace: "trace 1", span: "span 3", parent: "span 2" }),
      messageSpan(1, { trace: "trace 1", span: "span 4", parent: "remote span 3", links }),
      messageSpan(2, { ...inB2, span: "span 5", links: ["span 2 of trace 1"] }),
      messageSpan(2, { ...inB2, span: "span 6", parent: "remote span 5", links }),
    ]);
  });

  it("a span belongs to the caller's where the stream has none", async () => {
    expect(await spansOfChat({ server: { ...child, streamSpan: "off" } })).toEqual([
      clientSpan,
      messageSpan(1, { trace: "trace 1", span: "span 2", parent: "remote span 1" }),
      messageSpan(2, { ...inB2, span: "span 3", links: ["remote span 1 of trace 1"] }),
    ]);
  });

  it("a span is a root where neither the message nor the stream has one", async () => {
    const server = { ...child, streamSpan: "off" } as const;
    const { client, spans } = await tracedChat(workingHandlers, {
      server,
      clientOptions: { filter: () => false },
    });
    await drain(client.chat(requests({})));
    expect(await spans.ended(1)).toEqual([messageSpan(1, { trace: "trace 1", span: "span 1" })]);
  });

  it("a span is linked to where an untrusted peer says that it belongs", async () => {
    const { parent: _, ...root } = serverSpan;
    expect(await spansOfChat({ server: { ...child, trustRemote: false } })).toEqual([
      clientSpan,
      { ...root, trace: "trace 2", links: ["remote span 1 of trace 1"] },
      messageSpan(1, { trace: "trace 2", span: "span 3", parent: "span 2" }),
      messageSpan(2, { trace: "trace 2", span: "span 4", parent: "span 2", links: [`remote ${b2Link}`] }),
    ]);
  });
});

describe("a message with baggage and no span of its own", () => {
  it.each([true, false])("has a span in the stream's: trustRemote %s", async (trustRemote) => {
    const { client, spans } = await tracedChat(workingHandlers, { server: { ...child, trustRemote } });
    await drain(client.chat(requests(send(withBaggage(ROOT_CONTEXT, { user: "Eve" }), ChatRequestSchema))));
    const [, server, message] = await spans.ended(3);
    expect(message).toEqual(messageSpan(1, { trace: `${server?.trace}`, span: "span 3", parent: "span 2" }));
  });
});

describe("linked", () => {
  it("a span is the root of a trace, linked to its message's and to the stream's", async () => {
    expect(await spansOfChat({ server: linked })).toEqual([
      clientSpan,
      serverSpan,
      messageSpan(1, { trace: "trace 2", span: "span 3", links: ["span 2 of trace 1"] }),
      messageSpan(2, { trace: "trace 3", span: "span 4", links: [`remote ${b2Link}`, "span 2 of trace 1"] }),
    ]);
  });

  it("a span is linked to the caller's where the stream has none", async () => {
    expect(await spansOfChat({ server: { ...linked, streamSpan: "off" } })).toEqual([
      clientSpan,
      messageSpan(1, { trace: "trace 2", span: "span 2", links: ["remote span 1 of trace 1"] }),
      messageSpan(2, {
        trace: "trace 3",
        span: "span 3",
        links: [`remote ${b2Link}`, "remote span 1 of trace 1"],
      }),
    ]);
  });

  it("a span is linked to where an untrusted peer says that it belongs", async () => {
    const { parent: _, ...root } = serverSpan;
    expect(await spansOfChat({ server: { ...linked, trustRemote: false } })).toEqual([
      clientSpan,
      { ...root, trace: "trace 2", links: ["remote span 1 of trace 1"] },
      messageSpan(1, { trace: "trace 3", span: "span 3", links: ["span 2 of trace 2"] }),
      messageSpan(2, { trace: "trace 4", span: "span 4", links: [`remote ${b2Link}`, "span 2 of trace 2"] }),
    ]);
  });
});

describe("there are none", () => {
  it.each([{}, { messageSpans: "off" }, { ...child, messageSpanRatio: 0 }] as const)(
    "with %j",
    async (options) => {
      expect(await spansOfChat({ server: options, client: options })).toEqual([clientSpan, serverSpan]);
    },
  );

  it.each<[string, (client: Chat["client"]) => Promise<unknown>, readonly string[]]>([
    ["unary", (client) => client.say({}), []],
    ["client streaming", (client) => client.upload(requests({}, {})), ["server 1", "server 2"]],
    ["server streaming", (client) => drain(client.countdown({ from: 1 })), ["client 1", "client 2"]],
  ])("in a direction that has one message only: %s", async (_, call, expected) => {
    const { client, chat, spans } = await tracedChat(workingHandlers, { server: child, client: child });
    await call(client);
    await chat.server.ended();
    const all = spans.all();
    const sides = new Map(all.map(({ span, kind }) => [span, kind]));
    const consumers = all.filter(({ kind }) => kind === "consumer");
    expect(
      consumers.map(
        ({ parent = "none", attributes }) => `${sides.get(parent)} ${attributes["clue.message.number"]}`,
      ),
    ).toEqual(expected);
  });
});

describe("messageSpanRatio", () => {
  it("is drawn for each message", async () => {
    const drawn = [0.2, 0.3, 0.29, 0.9, 0];
    vi.spyOn(Math, "random").mockImplementation(() => drawn.shift() ?? 1);
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new TracerProvider({
      idGenerator: countingIds(),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    const { client, chat } = await tracedChat(workingHandlers, {
      server: { ...child, messageSpanRatio: 0.3, tracerProvider },
      client: false,
    });
    await client.upload(requests({}, {}, {}, {}, {}));
    await chat.server.ended();
    const numbers = exporter.getFinishedSpans().map(({ attributes }) => attributes["clue.message.number"]);
    expect(numbers).toEqual([1, 3, 5, undefined]);
  });
});

describe("a message of a trace that is not sampled", () => {
  const unsampled = inSpan(spanOf("c", 3, 0));

  it("has no child: the tracer is not even asked", async () => {
    const spans = testSpans({ sampler: new AlwaysOffSampler() });
    const tracer = spans.options.tracerProvider.getTracer("t");
    const startSpan = vi.spyOn(Object.getPrototypeOf(tracer), "startSpan");
    const { client } = await tracedChat(workingHandlers, { spans, server: child, client: child });
    await drain(client.chat(requests<object>({}, send(unsampled, ChatRequestSchema))));
    expect(startSpan.mock.calls.map(([name]) => name)).toEqual(Array(2).fill("chat.v1.ChatService/Chat"));
  });

  it("has a child that is recorded, where the stream is recorded as well", async () => {
    const spans = testSpans({ sampler: recordOnly });
    const { client } = await tracedChat(workingHandlers, { spans, server: child });
    await drain(client.chat(requests<object>({}, send(unsampled, ChatRequestSchema))));
    await spans.ended(4);
    expect(messageNumbers(spans)).toEqual([1, 2]);
  });

  it("has a trace of its own with linked spans, which the sampler decides about", async () => {
    const { client, spans } = await tracedChat(workingHandlers, {
      server: { ...linked, streamSpan: "off" },
    });
    await drain(client.chat(requests<object>({}, send(unsampled, ChatRequestSchema))));
    await spans.ended(3);
    expect(messageNumbers(spans)).toEqual([1, 2]);
  });

  const recordOnly: Sampler = {
    shouldSample: () => ({ decision: SamplingDecision.RECORD }),
    toString: () => "record only",
  };
});

describe("the context of a message", () => {
  it("holds its span: what is made in it belongs to that, and so does the reply", async () => {
    const spans = testSpans();
    const tap = new WireTap();
    let outside: unknown;
    const { client } = await tracedChat(
      {
        async *chat(messages, context) {
          for await (const [ctx] of receive(messages, context)) {
            spans.options.tracerProvider.getTracer("t").startSpan("work", {}, ctx).end();
            outside = trace.getSpan(contextOf(context));
            yield send(ctx, ChatResponseSchema);
          }
        },
      },
      { spans, server: child, outer: [tap.interceptor] },
    );
    await drain(client.chat(requests(send(b2, ChatRequestSchema))));
    const [, , message, work] = await spans.ended(4);
    expect(work).toEqual({
      kind: "internal",
      name: "work",
      trace: message?.trace,
      span: "span 4",
      parent: message?.span,
      attributes: {},
    });
    const ended = (kind: SpanKind) => spans.finished().find((span) => span.kind === kind);
    expect(outside).toBe(ended(SpanKind.SERVER));
    const sent = ended(SpanKind.CONSUMER)?.spanContext();
    expect(tap.responses).toEqual([{ traceparent: sent && traceparentOf(sent) }]);
  });
});

describe("attributeFilter", () => {
  it("says which attributes are set, at the end of a message as well", async () => {
    const dying: ChatHandlers = {
      async upload(messages) {
        for await (const _ of messages) throw new Error("no");
        return {};
      },
    };
    const attributeFilter = (key: string) => key === "clue.message.number";
    const { client, spans } = await tracedChat(dying, { server: { ...child, attributeFilter } });
    await client.upload(requests({})).catch(() => {});
    const [, , message] = await spans.ended(3);
    expect(message).toEqual({
      kind: "consumer",
      name: "chat.v1.ChatService/Upload message",
      trace: "trace 1",
      span: "span 3",
      parent: "span 2",
      attributes: { "clue.message.number": 1 },
      status: "error",
    });
  });
});

/** The spans of a chat of two messages, one in the stream's context and one of trace b, the second after the first reply. */
async function spansOfChat(options: TracedChatOptions): Promise<readonly TestSpan[]> {
  const { client, chat, spans } = await tracedChat(workingHandlers, options);
  const answered = gate();
  const second = answered.opened.then(() => send(b2, ChatRequestSchema));
  for await (const _ of client.chat(requests<object>({}, second))) answered.open();
  await chat.server.ended();
  return spans.ended(1);
}

/** Ids for which nothing is drawn. */
function countingIds(): IdGenerator {
  let last = 0;
  const next = (length: number) => (++last).toString(16).padStart(length, "0");
  return { generateTraceId: () => next(32), generateSpanId: () => next(16) };
}

/** Which messages have spans. */
function messageNumbers(spans: TestSpans): unknown[] {
  return spans
    .all()
    .filter(({ kind }) => kind === "consumer")
    .map(({ attributes }) => attributes["clue.message.number"]);
}

/** The trace that the log lines of messages carry: each its own message's, as it was when the line was logged. */
import { ProxyTracerProvider, trace } from "@opentelemetry/api";
import { eachMessage, logger, receive, type TraceOptions } from "connect-clue";
import type { LogLine } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import { describe, expect, it } from "vitest";
import { type ChatHandlers, requests } from "./support/chat-server.js";
import { spanOf, traceparentOf } from "./support/span-contexts.js";
import { type TracedChat, tracedChat } from "./support/traced-chat.js";

describe("an error line flushes the lines of several messages", () => {
  it.each<[string, Chat]>([
    [
      "receive",
      async function* (messages, context) {
        for await (const [ctx, { text }] of receive(messages, context)) {
          logger(ctx).info("received", { text });
          logger(context).info("in the stream");
          if (text === "fail") logger(ctx).error(new Error("broken"));
          yield {};
        }
      },
    ],
    [
      "eachMessage",
      eachMessage((_ctx, { text }, context) => {
        logger().info("received", { text });
        logger(context).info("in the stream");
        if (text === "fail") logger().error(new Error("broken"));
        return {};
      }),
    ],
  ])("each with its own trace: %s", async (_, chat) => {
    const lines = await linesOf(chat, [
      { text: "one" },
      { text: "two", of: ["b", 2] },
      { text: "fail", of: ["c", 3] },
      { text: "discarded", of: ["d", 4] },
    ]);
    expect(lines).toEqual([
      start,
      info("received", "a", 1, { text: "one" }),
      info("in the stream", "a", 1),
      info("received", "b", 2, { text: "two" }),
      info("in the stream", "a", 1),
      info("received", "c", 3, { text: "fail" }),
      info("in the stream", "a", 1),
      line("error", { err: "broken", "err.stack": "<stack>" }, "c", 3),
    ]);
  });
});

describe("a message of a trace that is sampled", () => {
  it("has its lines written, after what led up to them, though its stream is not sampled", async () => {
    const chat = receiving();
    const lines = await linesOf(chat, [
      { text: "one", of: ["b", 2] },
      { text: "two", of: ["c", 3, 1] },
      { text: "discarded", of: ["d", 4] },
    ]);
    expect(lines).toEqual([
      start,
      info("received", "b", 2, { text: "one" }),
      info("received", "c", 3, { text: "two" }),
    ]);
  });
});

describe("the span of a line", () => {
  it("is that of the message, where it has one", async () => {
    const spans = testSpans();
    const chat = receiving();
    const lines = await linesOf(chat, [{ text: "one", of: ["b", 2, 1] }], {
      ...spans.options,
      messageSpans: "child",
      streamSpan: "off",
    });
    await spans.ended(1);
    const [message] = spans.finished();
    expect(message?.name).toBe("chat.v1.ChatService/Chat message");
    const { span_id: _, ...rest } = info("received", "b", 0, { text: "one" });
    expect(lines).toEqual([start, { ...rest, span_id: message?.spanContext().spanId }]);
  });

  it("is the one in the line's context when it is logged, also in lines that are written later", async () => {
    const lines = await linesOf(
      async function* (messages, context) {
        for await (const [ctx] of receive(messages, context)) {
          const log = logger(ctx);
          log.info("in the message");
          logger(trace.setSpanContext(ctx, spanOf("e", 7, 0))).info("in a span of the handler's");
          logger(trace.deleteSpan(ctx)).info("in no span");
          log.info("in the message again");
          yield {};
        }
        logger(context).error(new Error("broken"));
      },
      [{ of: ["b", 2] }, { of: ["c", 3] }],
    );
    const { trace_id: _, span_id: __, ...inNoSpan } = info("in no span", "a", 1);
    const ofMessage = (traceDigit: string, n: number) => [
      info("in the message", traceDigit, n),
      info("in a span of the handler's", "e", 7),
      inNoSpan,
      info("in the message again", traceDigit, n),
    ];
    expect(lines).toEqual([
      start,
      ...ofMessage("b", 2),
      ...ofMessage("c", 3),
      line("error", { err: "broken", "err.stack": "<stack>" }, "a", 1),
      info("end", "a", 1, { "rpc.code": "ok", "rpc.time_ms": "<ms>", "rpc.received": 2, "rpc.sent": 2 }),
    ]);
  });
});

type Chat = NonNullable<ChatHandlers["chat"]>;

/** A message to send, and the span whose context it carries: the arguments of `spanOf`, not sampled by default. */
interface Sent {
  readonly text?: string;
  readonly of?: readonly [traceDigit: string, n: number, traceFlags?: number];
}

/** What a server logs of messages that are sent one after the other in a stream of trace a, span 1, which is not sampled. */
async function linesOf(
  chat: Chat,
  messages: readonly Sent[],
  options: TraceOptions = {},
): Promise<readonly LogLine[]> {
  const { chat: served, client } = await serverOf(chat, options);
  const headers = { traceparent: traceparentOf(spanOf("a", 1, 0)) };
  const sent = messages.map(({ text = "", of }) => {
    if (of === undefined) return { text };
    const [traceDigit, n, traceFlags = 0] = of;
    return { text, traceMetadata: { traceparent: traceparentOf(spanOf(traceDigit, n, traceFlags)) } };
  });
  for await (const _ of client.chat(requests<object>(...sent), { headers }));
  await served.server.ended();
  return served.server.log.lines("trace_id", "span_id");
}

/** A traced server, without spans of its own unless told otherwise, and a client without the kit. */
function serverOf(chat: Chat, server: TraceOptions): Promise<TracedChat> {
  return tracedChat(
    { chat },
    {
      server: { tracerProvider: new ProxyTracerProvider(), ...server },
      clientOptions: { filter: () => false },
    },
  );
}

function receiving(): Chat {
  return async function* (messages, context) {
    for await (const [ctx, { text }] of receive(messages, context)) {
      logger(ctx).info("received", { text });
      yield {};
    }
  };
}

function info(msg: string, traceDigit: string, n: number, fields: LogLine = {}): LogLine {
  return line("info", { msg, ...fields }, traceDigit, n);
}

function line(level: string, fields: LogLine, traceDigit: string, n: number): LogLine {
  const { traceId, spanId } = spanOf(traceDigit, n);
  return {
    time: "<time>",
    level,
    ...fields,
    trace_id: traceId,
    span_id: spanId,
    request_id: "<id>",
    "rpc.service": "chat.v1.ChatService",
    "rpc.method": "Chat",
  };
}

const start = info("start", "a", 1, {
  "rpc.side": "server",
  "rpc.kind": "bidi_streaming",
  "rpc.protocol": "grpc",
  "rpc.peer": "127.0.0.1:<port>",
});

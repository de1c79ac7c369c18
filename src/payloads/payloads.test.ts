/** Messages in the logs of a real server and a real client, while debug is switched on and off. */

import {
  eachMessage,
  type PayloadLog,
  type PayloadOptions,
  payloadLog,
  serverInterceptor,
} from "connect-clue";
import type { LogLine } from "connect-clue/testing";
import { describe, expect, it } from "vitest";
import { type Chat, type ChatHandlers, startChat } from "../../test/support/chat-server.js";
import { requestQueue } from "../../test/support/context-observe.js";

const handlers: ChatHandlers = {
  say: ({ text }) => ({ text: `you said: ${text}` }),
  chat: eachMessage((_, { text }) => ({ text: text.toUpperCase() })),
};

it.each([
  [{}, "an object"],
  [true, "true"],
  [() => {}, "a function"],
])("what payloadLog() has not made is refused: %j", (payloads, got) => {
  const message = `payloads: expected what payloadLog() returns, as in payloads: payloadLog({}), got ${got}`;
  expect(() => serverInterceptor({ payloads: payloads as PayloadLog })).toThrow(new TypeError(message));
});

describe("payloads of a unary call", () => {
  it("are logged on both sides while debug is on", async () => {
    const chat = await started({});
    setDebug(chat, true);
    await chat.client.say({ text: "hi" });
    expect(chat.server.log.lines()).toEqual([
      start("Say", "server", { "rpc.peer": "127.0.0.1:<port>" }),
      line("Say", "debug", { msg: "request", payload: { text: "hi" } }),
      line("Say", "debug", { msg: "response", result: { text: "you said: hi" } }),
      end("Say", 1, 1),
    ]);
    expect(chat.clientSide.log.lines()).toEqual([
      start("Say", "client", { "rpc.peer": "127.0.0.1:<port>" }),
      line("Say", "debug", { msg: "request", "client-payload": { text: "hi" } }),
      line("Say", "debug", { msg: "response", "client-result": { text: "you said: hi" } }),
      end("Say", 1, 1),
    ]);
  });

  it("are not logged while it is off", async () => {
    const chat = await started({});
    await chat.client.say({ text: "hi" });
    expect([chat.server.log.lines(), chat.clientSide.log.lines()]).toEqual([[], []]);
  });

  it("are not logged unless one asks for them", async () => {
    const chat = await startChat(handlers);
    setDebug(chat, true);
    await chat.client.say({ text: "hi" });
    expect(chat.server.log.lines()).toEqual([
      start("Say", "server", { "rpc.peer": "127.0.0.1:<port>" }),
      end("Say", 1, 1),
    ]);
  });
});

describe("payloads of a stream", () => {
  it("begin with the next message when debug is switched on, and stop when it is switched off", async () => {
    const chat = await started({});
    const messages = requestQueue<{ text: string }>();
    const replies = chat.client.chat(messages)[Symbol.asyncIterator]();
    for (const [text, debug] of [
      ["a", false],
      ["b", true],
      ["c", true],
      ["d", false],
    ] as const) {
      setDebug(chat, debug);
      messages.push({ text });
      expect((await replies.next()).value).toMatchObject({ text: text.toUpperCase() });
    }
    messages.end();
    expect((await replies.next()).done).toBe(true);
    await chat.server.ended();
    expect(chat.server.log.lines()).toEqual([
      start("Chat", "server", { "rpc.peer": "127.0.0.1:<port>" }),
      message("request", "payload", "b", 2),
      message("response", "result", "B", 2),
      message("request", "payload", "c", 3),
      message("response", "result", "C", 3),
    ]);
    expect(chat.clientSide.log.lines()).toEqual([
      start("Chat", "client", { "rpc.peer": "127.0.0.1:<port>" }),
      message("request", "client-payload", "b", 2),
      message("response", "client-result", "B", 2),
      message("request", "client-payload", "c", 3),
      message("response", "client-result", "C", 3),
    ]);
  });
});

function started(options: PayloadOptions): Promise<Chat> {
  const payloads = payloadLog(options);
  return startChat(handlers, { serverOptions: { payloads }, clientOptions: { payloads } });
}

function setDebug({ server, clientSide }: Chat, debug: boolean): void {
  server.log.setDebug(debug);
  clientSide.log.setDebug(debug);
}

function start(method: "Say" | "Chat", side: string, peer: LogLine): LogLine {
  return line(method, "info", {
    msg: "start",
    "rpc.side": side,
    "rpc.kind": method === "Say" ? "unary" : "bidi_streaming",
    "rpc.protocol": "grpc",
    ...peer,
  });
}

function end(method: string, received: number, sent: number): LogLine {
  const counts = { "rpc.received": received, "rpc.sent": sent };
  return line(method, "info", { msg: "end", "rpc.code": "ok", "rpc.time_ms": "<ms>", ...counts });
}

function message(msg: string, key: string, text: string, n: number): LogLine {
  return line("Chat", "debug", { msg, [key]: { text }, "rpc.message.id": n });
}

function line(method: string, level: string, fields: LogLine): LogLine {
  return {
    time: "<time>",
    level,
    ...fields,
    request_id: "<id>",
    "rpc.service": "chat.v1.ChatService",
    "rpc.method": method,
  };
}

import { create, type Message, toJsonString } from "@bufbuild/protobuf";
import { diag } from "@opentelemetry/api";
import { createLogger, withFields } from "connect-clue";
import type { LogLine } from "connect-clue/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ChatRequestSchema,
  ChatService,
  SayRequestSchema,
  SayResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { callByHand, type HandMade } from "../../test/support/hand-made-call.js";
import { parseLines } from "../../test/support/json-lines.js";
import { logObserver } from "../log/observer.js";
import { payloadObserver } from "./observer.js";
import type { PayloadOptions } from "./options.js";

const diagError = vi.fn();

beforeEach(() => {
  const ignore = () => {};
  const logger = { error: diagError, warn: ignore, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { suppressOverrideMessage: true });
});

afterEach(() => {
  diag.disable();
  diagError.mockReset();
});

describe("the messages of a call", () => {
  it("are payload and result on a server", () => {
    const call = watched({});
    call.onReceived(create(SayRequestSchema, { text: "hi" }));
    call.onSending(call.ctx, create(SayResponseSchema, { text: "ho" }));
    expect(call.lines()).toEqual([
      { ...of("Say"), msg: "request", payload: { text: "hi" } },
      { ...of("Say"), msg: "response", result: { text: "ho" } },
    ]);
  });

  it("are client-payload and client-result on a client", () => {
    const call = watched({}, { side: "client" });
    call.onSending(call.ctx, create(SayRequestSchema, { text: "hi" }));
    call.onReceived(create(SayResponseSchema, { text: "ho" }));
    expect(call.lines()).toEqual([
      { ...of("Say"), msg: "request", "client-payload": { text: "hi" } },
      { ...of("Say"), msg: "response", "client-result": { text: "ho" } },
    ]);
  });

  it("have their numbers in streams, and the fields of their own contexts", () => {
    const call = watched({}, { method: ChatService.method.chat });
    call.onReceived(create(ChatRequestSchema, { text: "a" }));
    call.onReceived(create(ChatRequestSchema, { text: "b" }));
    call.onSending(withFields(call.ctx, { user: "bob" }), create(ChatRequestSchema, { text: "c" }));
    expect(call.lines()).toEqual([
      { ...of("Chat"), msg: "request", payload: { text: "a" }, "rpc.message.id": 1 },
      { ...of("Chat"), msg: "request", payload: { text: "b" }, "rpc.message.id": 2 },
      expect.objectContaining({ msg: "response", "rpc.message.id": 1, user: "bob" }),
    ]);
  });

  it("are cut at their own size, not at the logger's", () => {
    const call = watched({ maxSize: 2000, limits: { "*/Chat": 12 } });
    const text = "x".repeat(1500);
    call.onReceived(create(SayRequestSchema, { text }));
    const chat = watched({ maxSize: 2000, limits: { "*/Chat": 12 } }, { method: ChatService.method.chat });
    chat.onReceived(create(ChatRequestSchema, { text }));
    expect([call.lines()[0]?.payload, chat.lines()[0]?.payload]).toEqual([{ text }, '{"text":"xxx…[cut]']);
  });

  it("are not logged where the limit is 0", () => {
    const call = watched({ limits: { "*/Say": 0 } });
    call.onReceived(create(SayRequestSchema, { text: "hi" }));
    expect(call.lines()).toEqual([]);
  });
});

describe("while debug is off", () => {
  it("nothing of a message is looked at, and no format is asked", () => {
    const format = vi.fn(() => "");
    const touched = vi.fn();
    const message = proxied(touched);
    const call = watched({ format });
    call.logger.setDebug(false);
    for (const ctx of [call.ctx, withFields(call.ctx, { user: "bob" })]) {
      call.onReceived(message);
      call.onSending(ctx, message);
    }
    expect([touched.mock.calls, format.mock.calls, call.lines()]).toEqual([[], [], []]);
  });

  it("a call without a log asks the root logger", () => {
    let text = "";
    const root = createLogger({ default: true, format: "json", sink: { write: (lines) => (text += lines) } });
    const touched = vi.fn();
    const call = callByHand({ observers: [payloadObserver({})] });
    call.onReceived(proxied(touched));
    expect(touched).not.toHaveBeenCalled();
    root.setDebug(true);
    call.onReceived(create(SayRequestSchema, { text: "hi" }));
    call.succeed();
    expect(parseLines(text)).toEqual([
      { time: "<time>", level: "debug", msg: "request", payload: { text: "hi" } },
    ]);
  });

  it("messages are as quiet as before debug was on", () => {
    const call = watched({});
    call.logger.setDebug((info) => info?.received === 2);
    for (const text of ["a", "b", "c"]) call.onReceived(create(SayRequestSchema, { text }));
    expect(call.lines().map(({ payload }) => payload)).toEqual([{ text: "b" }]);
  });
});

describe("a format of one's own", () => {
  it("gets the message, its type and its method", () => {
    const format = vi.fn(() => "text");
    const call = watched({ format });
    const message = create(SayRequestSchema, { text: "hi" });
    call.onReceived(message);
    call.onSending(call.ctx, create(SayResponseSchema));
    const { say } = ChatService.method;
    expect(format.mock.calls).toEqual([
      [message, say.input, say],
      [create(SayResponseSchema), say.output, say],
    ]);
  });

  it.each<[string, unknown]>([
    ["any text", "any text"],
    ['{"a":[1]}', { a: [1] }],
    [" [1,\n2]", " [1,\n2]"],
    ["{not json}", "{not json}"],
    ['"5"', '"5"'],
    ["", ""],
    ["x".repeat(1501), `${"x".repeat(1500)}…[cut from 1501]`],
    [`{"a":"${"x".repeat(1500)}"}`, `{"a":"${"x".repeat(1494)}…[cut from 1508]`],
  ])("is logged as JSON where it is some, and cut at maxSize: %#", (text, logged) => {
    const call = watched({ format: () => text, maxSize: 1500 });
    call.onReceived(create(SayRequestSchema));
    expect(call.lines()[0]?.payload).toEqual(logged);
  });

  it.each<[string, () => unknown, string]>([
    ["throws", () => expect.fail("no"), "no"],
    ["gives no text", () => 5, "its result: expected a string, got 5"],
    ["gives a promise", async () => "text", "expected a value, got a promise"],
  ])("that %s is reported once, and the message logged as usual", (_, format, message) => {
    const call = watched({ format: format as () => string });
    call.onReceived(create(SayRequestSchema, { text: "a" }));
    call.onReceived(create(SayRequestSchema, { text: "b" }));
    expect(call.lines().map(({ payload }) => payload)).toEqual([{ text: "a" }, { text: "b" }]);
    expect(diagError.mock.calls).toEqual([
      [
        "connect-clue: the payloadLog.format function failed; the call is not affected, and this is reported once",
        expect.objectContaining({ message }),
      ],
    ]);
  });

  it("may be protobuf-es's own", () => {
    const call = watched({ format: (message, desc) => toJsonString(desc, message) });
    call.onReceived(create(SayRequestSchema, { text: "a" }));
    expect(call.lines()[0]?.payload).toEqual({ text: "a" });
  });
});

/** A call with debug on, and the lines of its messages. */
function watched(options: PayloadOptions, made: HandMade = {}) {
  let text = "";
  const logger = createLogger({ format: "json", debug: true, sink: { write: (lines) => (text += lines) } });
  const observers = [logObserver(logger, { access: "off" }), payloadObserver(options)];
  const call = callByHand({ ...made, observers });
  const lines = (): readonly PayloadLine[] => {
    if (call.outcome === undefined) call.succeed();
    return parseLines(text);
  };
  return Object.assign(call, { logger, lines });
}

interface PayloadLine extends LogLine {
  readonly payload?: unknown;
}

/** A message that tells of everything that is done to it. */
function proxied(touched: (trap: string) => void): Message {
  const traps = Object.getOwnPropertyNames(Reflect).map((trap) => [trap, () => touched(trap)]);
  return new Proxy(create(SayRequestSchema, { text: "hi" }), Object.fromEntries(traps));
}

/** What every line has. */
function of(method: string): LogLine {
  return {
    time: "<time>",
    level: "debug",
    request_id: "<id>",
    "rpc.service": "chat.v1.ChatService",
    "rpc.method": method,
  };
}

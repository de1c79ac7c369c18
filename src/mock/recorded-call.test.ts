import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createMock } from "connect-clue/mock";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  ChatService,
  SayRequestSchema,
  SayResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect } from "../../test/support/context-observe.js";
import { gate } from "../../test/support/gate.js";
import { thrownBy } from "../../test/support/problems.js";

const request = (text: string) => create(ChatRequestSchema, { text });
const response = (text: string) => create(ChatResponseSchema, { text });

describe("a recorded call", () => {
  it("has all that happened, in order", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("chat").expect().send({ text: "hello" }).expectEnd().send({ text: "bye" });
    await collect(mock.client().chat(requests({ text: "hi" }), { headers: { "x-user": "Ann" } }));
    const [call] = mock.calls("chat");
    expect(call).toMatchObject({
      method: ChatService.method.chat,
      events: [
        { type: "received", message: request("hi") },
        { type: "sent", message: response("hello") },
        { type: "receivedAll" },
        { type: "sent", message: response("bye") },
        { type: "ended" },
      ],
      requests: [request("hi")],
      responses: [response("hello"), response("bye")],
      error: undefined,
    });
    expect(call?.events.at(-1)).toEqual({ type: "ended" });
    expect(call?.header.get("x-user")).toBe("Ann");
    expect(String(call)).toBe(
      'chat.v1.ChatService/Chat\n  ← {"text":"hi"}\n  → {"text":"hello"}\n  ← end\n  → {"text":"bye"}\n  → end',
    );
  });

  it("is there from its beginning, and has ended when `ended` resolves", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const answer = gate();
    mock.add("say", async () => {
      await answer.opened;
      return { text: "hello" };
    });
    const said = mock.client().say({ text: "hi" });
    const call = await mock.called("say");
    expect(call.events).toEqual([{ type: "received", message: create(SayRequestSchema, { text: "hi" }) }]);
    answer.open();
    await call.ended;
    expect(call.events).toEqual([
      { type: "received", message: create(SayRequestSchema, { text: "hi" }) },
      { type: "sent", message: create(SayResponseSchema, { text: "hello" }) },
      { type: "ended" },
    ]);
    await said;
  });

  it("ends with what was thrown, before Connect makes an RPC error of it", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const broken = new Error("broken\npipe");
    const missing = new ConnectError("no such room", Code.NotFound);
    mock
      .add("say", () => Promise.reject(broken))
      .add("countdown", () => {
        throw missing;
      });
    const client = mock.client();
    await thrownBy(() => client.say({}));
    await thrownBy(() => collect(client.countdown({})));
    expect(mock.calls().map(({ error }) => error)).toEqual([broken, missing]);
    expect(mock.calls().map(String)).toEqual([
      "chat.v1.ChatService/Say\n  ← {}\n  → Error: broken\n    pipe",
      "chat.v1.ChatService/Countdown\n  ← {}\n  → not_found: no such room",
    ]);
  });

  it("ends when the client goes, whatever the handler makes of that; what comes later is not recorded", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const answer = gate();
    const answered = gate();
    mock.add("say", async () => {
      await answer.opened;
      queueMicrotask(() => setImmediate(() => answered.open()));
      return { text: "too late" };
    });
    const controller = new AbortController();
    const said = mock.client().say({ text: "hi" }, { signal: controller.signal });
    const call = await mock.called("say");
    controller.abort(new Error("enough"));
    await thrownBy(() => said);
    await call.ended;
    answer.open();
    await answered.opened;
    expect(String(call)).toBe('chat.v1.ChatService/Say\n  ← {"text":"hi"}\n  → canceled: enough');
  });

  it("ends with a ConnectError when the client goes", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("say").never();
    const controller = new AbortController();
    const said = mock.client().say({}, { signal: controller.signal });
    const call = await mock.called("say");
    controller.abort();
    await thrownBy(() => said);
    await call.ended;
    expect(call.error).toBeInstanceOf(ConnectError);
    expect(call.error).toMatchObject({ code: Code.Canceled });
  });

  it("tells when a message has come, and when one has gone out", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("chat").expect({ text: "a" }).expect({ text: "b" }).send({ text: "c" });
    const more = gate();
    async function* asking() {
      yield { text: "a" };
      await more.opened;
      yield { text: "b" };
    }
    const answers = collect(mock.client().chat(asking()));
    const call = await mock.called("chat");
    const second = call.received(2);
    expect(await call.received()).toMatchObject({ text: "a" });
    more.open();
    expect([await second, await call.sent()]).toMatchObject([{ text: "b" }, { text: "c" }]);
    await answers;
    await expect(call.received(3)).rejects.toThrow(`received(3): the call has ended:\n${call}`);
    await expect(call.sent(0)).rejects.toThrow("sent: count: expected a whole number from 1, got 0");
  });

  it("keeps messages as they were, whatever a handler does to them later", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("chat", async function* (messages) {
      const reply = create(ChatResponseSchema);
      for await (const message of messages) {
        message.text += "!";
        reply.text = message.text;
        yield reply;
      }
    });
    await collect(mock.client().chat(requests({ text: "a" }, { text: "b" })));
    expect(mock.calls("chat").map(String)).toEqual([
      'chat.v1.ChatService/Chat\n  ← {"text":"a"}\n  → {"text":"a!"}\n  ← {"text":"b"}\n  → {"text":"b!"}\n  ← end\n  → end',
    ]);
  });

  it("is recorded where nobody expected it, too", async () => {
    const mock = createMock(ChatService);
    await thrownBy(() => mock.client().say({ text: "hi" }));
    expect(mock.calls().map(String)).toEqual([
      "chat.v1.ChatService/Say" +
        '\n  ← {"text":"hi"}' +
        '\n  → internal: mock of chat.v1.ChatService: unexpected call of say({"text":"hi"})' +
        '\n      nothing more was expected: add("say", …) answers one more call, set("say", …) all of them',
    ]);
  });
});

describe("calls", () => {
  it("are in the order in which they began, a copy of the list each time", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock
      .set("say", () => ({}))
      .set("countdown")
      .send({});
    const client = mock.client();
    const before = mock.calls();
    await client.say({ text: "1" });
    await collect(client.countdown({}));
    await client.say({ text: "2" });
    expect(before).toEqual([]);
    expect(mock.calls().map(({ method }) => method.name)).toEqual(["Say", "Countdown", "Say"]);
    expect(mock.calls("say").flatMap((call) => call.requests.map(({ text }) => text))).toEqual(["1", "2"]);
  });
});

describe("called", () => {
  it("waits for the n-th call of a method", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock
      .set("say", () => ({}))
      .set("countdown")
      .send({});
    const second = mock.called("say", 2);
    const client = mock.client();
    await client.say({ text: "1" });
    await collect(client.countdown({}));
    await client.say({ text: "2" });
    expect((await second).requests[0]?.text).toBe("2");
    expect(await mock.called("say", 1)).toBe(mock.calls("say")[0]);
  });

  it("gives up after a time, also under a fake clock, and tells what there was", async (t) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const mock = createMock(ChatService, { test: t });
    const called = () => mock.called("say", 2, { timeoutMs: 1 });
    await expect(called()).rejects.toThrow(new Error('called("say", 2): not within 1 ms; no calls so far'));
    mock.add("say").expect().never();
    const controller = new AbortController();
    const said = mock.client().say({ text: "hi" }, { signal: controller.signal });
    const call = await mock.called("say");
    await expect(called()).rejects.toThrow(
      new Error(
        'called("say", 2): not within 1 ms; calls so far:\n  1. chat.v1.ChatService/Say\n    ← {"text":"hi"}',
      ),
    );
    await expect(call.sent(1, { timeoutMs: 1 })).rejects.toThrow(
      new Error('sent(1): not within 1 ms; the call so far:\nchat.v1.ChatService/Say\n  ← {"text":"hi"}'),
    );
    await expect(call.received(2, { timeoutMs: 1 })).rejects.toThrow("received(2): not within 1 ms");
    controller.abort();
    await thrownBy(() => said);
  });

  it("refuses bad options", async () => {
    const mock = createMock(ChatService);
    const called = mock.called.bind(mock) as (...args: unknown[]) => Promise<unknown>;
    await expect(called("say", 1, { timeout: 1 })).rejects.toThrow(
      new TypeError('called("say", 1): there is no option "timeout"; there are timeoutMs'),
    );
    await expect(called("say", 1, { timeoutMs: "1" })).rejects.toThrow(
      new TypeError(
        'called("say", 1): timeoutMs: expected a number of milliseconds from 1 to 2147483647, got "1"',
      ),
    );
  });

  it.each([
    [0, "0"],
    [-1, "-1"],
    [1.5, "1.5"],
    ["1", '"1"'],
  ])("refuses a count of %j", async (count, shown) => {
    const mock = createMock(ChatService);
    await expect(mock.called("say", count as number)).rejects.toThrow(
      new TypeError(`called: count: expected a whole number from 1, got ${shown}`),
    );
  });
});

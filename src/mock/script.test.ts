import { create, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { send, serverInterceptor } from "connect-clue";
import { fakeClock } from "connect-clue/fake-clock";
import { createMock, type ServiceMock, stream } from "connect-clue/mock";
import { testSpans } from "connect-clue/testing-telemetry";
import { describe, expect, it } from "vitest";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  ChatService,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect } from "../../test/support/context-observe.js";
import { problemOf } from "../../test/support/problems.js";
import { inSpan, spanOf } from "../../test/support/span-contexts.js";

type ChatMock = ServiceMock<typeof ChatService>;

const never = new Promise<never>(() => {});

describe("a script", () => {
  it("plays a conversation of each kind", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("say").expect({ text: "hi" }).send({ text: "hello" });
    mock.add("upload").expect({ text: "a" }).expect().expectEnd().send({ count: 2 });
    mock.add("countdown").expect({ from: 2 }).send({ n: 2 }).send({ n: 1 });
    mock
      .add("chat")
      .send({ text: "who?" })
      .expect(({ text }) => text.length === 3)
      .send({ text: "hello" })
      .expectEnd()
      .send({ text: "bye" });

    const client = mock.client();
    expect((await client.say({ text: "hi" })).text).toBe("hello");
    expect((await client.upload(requests({ text: "a" }, { text: "b" }))).count).toBe(2);
    expect((await collect(client.countdown({ from: 2 }))).map(({ n }) => n)).toEqual([2, 1]);
    expect(await textsOf(mock, requests({ text: "Ann" }))).toEqual(["who?", "hello", "bye"]);
    expect(mock.calls("chat").map(String)).toEqual([
      'chat.v1.ChatService/Chat\n  → {"text":"who?"}\n  ← {"text":"Ann"}\n  → {"text":"hello"}\n  ← end\n  → {"text":"bye"}\n  → end',
    ]);
  });

  it("takes whole messages, too", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock
      .add("chat")
      .expect(create(ChatRequestSchema, { text: "hi" }))
      .expectEnd();
    expect(await textsOf(mock, requests({ text: "hi" }))).toEqual([]);
  });

  it("that is set plays from the start for each call", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.set("say").expect({ text: "hi" }).send({ text: "hello" });
    const client = mock.client();
    expect((await client.say({ text: "hi" })).text).toBe("hello");
    expect((await client.say({ text: "hi" })).text).toBe("hello");
  });

  it("sends the same to all calls, whatever an interceptor does to the messages of one", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const interceptors = [shouting];
    const item = create(ChatResponseSchema, { text: "ho" });
    mock.set("say").send({ text: "hi" });
    mock.set("chat", stream([item, { text: "hi" }]));
    const client = mock.client({ router: { interceptors } });
    for (const _ of ["once", "twice"]) {
      expect((await client.say({})).text).toBe("hi!");
      expect((await collect(client.chat(requests()))).map(({ text }) => text)).toEqual(["ho!", "hi!"]);
    }
    expect(item.text).toBe("ho");
  });

  it("sends messages in the contexts that send() gave to them", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const message = send(inSpan(spanOf("a", 1), ROOT_CONTEXT), ChatResponseSchema, { text: "hi" });
    mock.add("chat").send(message).send({ text: "ho" });
    mock.add("chat", stream([message, { text: "ho" }]));
    const options = { log: false, trace: testSpans().options } as const;
    const client = mock.client({ router: { interceptors: [serverInterceptor(options)] } });
    for (const _ of ["script", "stream"]) {
      const answers = await collect(client.chat(requests()));
      expect(
        answers.map(({ traceMetadata }) => traceMetadata.traceparent?.slice(3, 35) === "a".repeat(32)),
      ).toEqual([true, false]);
    }
  });

  it("sends headers before the first message, and trailers, also with an error", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("chat").header("x-a", "1").trailer("x-b", "2").send({ text: "hi" }).trailer("x-c", "3");
    mock.add("say").header("x-a", "1").trailer("x-b", "2").fail(new ConnectError("no", Code.NotFound));
    const client = mock.client();
    const seen: (string | null)[] = [];
    const options = {
      onHeader: (header: Headers) => seen.push(header.get("x-a")),
      onTrailer: (trailer: Headers) => seen.push(trailer.get("x-b"), trailer.get("x-c")),
    };
    await collect(client.chat(requests(), options));
    expect(seen).toEqual(["1", "2", "3"]);
    const error = ConnectError.from(await client.say({}).catch((reason) => reason));
    expect([error.code, error.rawMessage, error.metadata.get("x-a"), error.metadata.get("x-b")]).toEqual([
      Code.NotFound,
      "no",
      "1",
      "2",
    ]);
  });

  it("ends with an error at its place", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("chat").expect().send({ text: "hello" }).fail(new ConnectError("died", Code.Aborted));
    const got: string[] = [];
    const read = async () => {
      for await (const { text } of mock.client().chat(requests({ text: "hi" }))) got.push(text);
    };
    expect(await problemOf(read)).toBe("ConnectError: [aborted] died");
    expect(got).toEqual(["hello"]);
  });

  it("may answer a stream of requests before its end", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("upload").expect({ text: "a" }).send({ count: 1 });
    expect((await mock.client().upload(requests({ text: "a" }, never))).count).toBe(1);
  });
});

describe("deadlines", () => {
  it.each([
    ["never()", (mock: ChatMock) => mock.add("chat").never()],
    ["delay()", (mock: ChatMock) => mock.add("chat").delay(60_000).send({ text: "late" })],
    ["a message that does not come", (mock: ChatMock) => mock.add("chat").expect({ text: "hi" })],
  ])("end %s, also those that only the server keeps", async (_name, script) => {
    const mock = createMock(ChatService);
    script(mock);
    const silent = mock.client().chat(requests(never), { headers: { "connect-timeout-ms": "10" } });
    expect(await problemOf(() => collect(silent))).toBe(
      "ConnectError: [deadline_exceeded] the operation timed out",
    );
    expect(mock.calls().map(String)).toEqual([
      "chat.v1.ChatService/Chat\n  → deadline_exceeded: the operation timed out",
    ]);
  });

  it("of the client end never() of a unary method", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("say").expect({ text: "hi" }).never();
    expect(await problemOf(() => mock.client().say({ text: "hi" }, { timeoutMs: 10 }))).toBe(
      "ConnectError: [deadline_exceeded] the operation timed out",
    );
  });
});

describe("delay", () => {
  it("waits on a clock that may be a fake one", async (t) => {
    const clock = fakeClock({ test: t });
    const mock = createMock(ChatService, { test: t });
    mock.add("countdown").send({ n: 2 }).delay(60_000).send({ n: 1 });
    const numbers = mock.client().countdown({})[Symbol.asyncIterator]();
    expect((await numbers.next()).value?.n).toBe(2);
    let isThere = false;
    const second = numbers.next().then(({ value }) => {
      isThere = true;
      return value?.n;
    });
    await clock.advance(59_999);
    expect(isThere).toBe(false);
    await clock.advance(1);
    expect(await second).toBe(1);
    expect(await numbers.next()).toEqual({ done: true, value: undefined });
  });

  it("leaves no timer when the client gives up", async (t) => {
    const clock = fakeClock({ test: t });
    const mock = createMock(ChatService, { test: t });
    mock.add("say").delay(60_000).send({});
    const controller = new AbortController();
    const said = mock.client().say({}, { signal: controller.signal });
    const call = await mock.called("say");
    controller.abort();
    expect(await problemOf(() => said)).toBe("ConnectError: [canceled] This operation was aborted");
    await call.ended;
    expect(clock.timers).toBe(0);
  });
});

/** Changes the server's answers. */
const shouting: Interceptor = (next) => async (request) => {
  const response = await next(request);
  if (!response.stream) {
    shout(response.message);
    return response;
  }
  async function* shouted(messages: AsyncIterable<Message>) {
    for await (const message of messages) yield shout(message);
  }
  return { ...response, message: shouted(response.message) };
};

function shout(message: Message): Message {
  (message as Message & { text: string }).text += "!";
  return message;
}

async function textsOf(mock: ChatMock, said: AsyncIterable<{ text: string }>): Promise<string[]> {
  return (await collect(mock.client().chat(said))).map(({ text }) => text);
}

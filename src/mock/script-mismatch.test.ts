import { createMock, type ServiceMock } from "connect-clue/mock";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect, requestQueue } from "../../test/support/context-observe.js";
import { problemOf } from "../../test/support/problems.js";

type ChatMock = ServiceMock<typeof ChatService>;

const never = new Promise<never>(() => {});

describe("a client that says something else", () => {
  const cases: [name: string, script: (mock: ChatMock) => void, said: string[], problem: string][] = [
    [
      "another message",
      (mock) => mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expect({ text: "bye" }),
      ["hi", "ho"],
      'chat, step 3 of 3, added at <add("chat")>: expect {"text":"bye"}\n  received: {"text":"ho"}' +
        '\n  before:\n    ← {"text":"hi"}\n    → {"text":"hello"}',
    ],
    [
      "nothing more",
      (mock) => mock.add("chat").expect({ text: "hi" }).expect(),
      ["hi"],
      'chat, step 2 of 2, added at <add("chat")>: expect any message\n  received: the end of the requests' +
        '\n  before:\n    ← {"text":"hi"}',
    ],
    [
      "a message in place of the end",
      (mock) => mock.add("chat").expectEnd(),
      ["hi"],
      'chat, step 1 of 1, added at <add("chat")>: expect the end of the requests\n  received: {"text":"hi"}',
    ],
    [
      "what a predicate refuses",
      (mock) => mock.add("chat").expect(({ text }) => text === "hi"),
      ["ho"],
      'chat, step 1 of 1, added at <add("chat")>: expect a message that ({ text }) => text === "hi" accepts' +
        '\n  received: {"text":"ho"} (it returned false)',
    ],
    [
      "what a named predicate throws at",
      (mock) => mock.add("chat").expect(isGreeting),
      ["ho"],
      'chat, step 1 of 1, added at <add("chat")>: expect a message that isGreeting accepts' +
        "\n  received: {\"text\":\"ho\"} (it threw AssertionError: expected 'ho' to be 'hi' // Object.is equality)",
    ],
    [
      "a message to a predicate that does not answer at once",
      (mock) => mock.add("chat").expect((async () => true) as unknown as () => boolean),
      ["ho"],
      'chat, step 1 of 1, added at <add("chat")>: expect a message that async () => true accepts' +
        '\n  received: {"text":"ho"} (it returned a promise: it must answer at once)',
    ],
  ];

  it.each(cases)("%s: fails, whatever it makes of the error", async (_name, script, said, problem) => {
    const mock = createMock(ChatService);
    script(mock);
    const whole = `mock of chat.v1.ChatService: unexpected message: ${problem}`;
    expect(await problemOf(() => textsOf(mock, requests(...said.map((text) => ({ text })))))).toBe(
      `ConnectError: [internal] ${whole}`,
    );
    expect(await problemOf(() => mock.verify())).toBe(`MockError: ${whole}`);
  });

  it("fails for a request of the other kinds, too", async () => {
    const mock = createMock(ChatService);
    mock.add("say").expect({ text: "hi" }).send({});
    mock.add("countdown").expect({ from: 3 }).send({ n: 3 });
    mock.add("upload").expect({ text: "a" }).expectEnd().send({ count: 1 });
    const client = mock.client();
    const start = "ConnectError: [internal] mock of chat.v1.ChatService: unexpected message: ";
    expect(await problemOf(() => client.say({ text: "ho" }))).toBe(
      `${start}say, step 1 of 2, added at <add("say")>: expect {"text":"hi"}\n  received: {"text":"ho"}`,
    );
    expect(await problemOf(() => collect(client.countdown({ from: 4 })))).toBe(
      `${start}countdown, step 1 of 2, added at <add("countdown")>: expect {"from":3}\n  received: {"from":4}`,
    );
    expect(await problemOf(() => client.upload(requests({ text: "a" }, { text: "b" })))).toBe(
      `${start}upload, step 2 of 3, added at <add("upload")>: expect the end of the requests` +
        '\n  received: {"text":"b"}\n  before:\n    ← {"text":"a"}',
    );
  });

  it("sees the last ten messages in the error", async () => {
    const mock = createMock(ChatService);
    const script = mock.add("chat");
    for (let i = 0; i < 12; i++) script.expect();
    script.expectEnd();
    const said = Array.from({ length: 13 }, (_, i) => ({ text: `${i}` }));
    const before = said.slice(2, 12).map(({ text }) => `\n    ← {"text":"${text}"}`);
    expect(await problemOf(() => textsOf(mock, requests(...said)))).toBe(
      "ConnectError: [internal] mock of chat.v1.ChatService: unexpected message: " +
        'chat, step 13 of 13, added at <add("chat")>: expect the end of the requests' +
        `\n  received: {"text":"12"}\n  before:${before.join("")}`,
    );
  });
});

describe("a conversation that is not finished", () => {
  it("fails verify: the client has left", async () => {
    const mock = createMock(ChatService);
    mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expect({ text: "bye" });
    const controller = new AbortController();
    const chat = mock.client().chat(requests({ text: "hi" }, never), { signal: controller.signal });
    const read = async () => {
      for await (const _ of chat) controller.abort();
    };
    expect(await problemOf(read)).toBe("ConnectError: [canceled] This operation was aborted");
    await mock.calls("chat")[0]?.ended;
    expect(await problemOf(() => mock.verify())).toBe(
      "MockError: mock of chat.v1.ChatService: conversation not finished:" +
        ' chat, step 3 of 3, added at <add("chat")>: expect {"text":"bye"}' +
        '\n  before:\n    ← {"text":"hi"}\n    → {"text":"hello"}',
    );
    expect(mock.calls().map(String)).toEqual([
      'chat.v1.ChatService/Chat\n  ← {"text":"hi"}\n  → {"text":"hello"}\n  → canceled: This operation was aborted',
    ]);
  });

  it("fails verify: the script still waits for a message", async () => {
    const mock = createMock(ChatService);
    mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expect({ text: "bye" });
    const said = requestQueue<{ text: string }>();
    const answers = mock.client().chat(said)[Symbol.asyncIterator]();
    said.push({ text: "hi" });
    await answers.next();
    expect(() => mock.verify()).toThrow("conversation not finished");
    said.push({ text: "bye" });
    expect(await answers.next()).toEqual({ done: true, value: undefined });
    mock.verify();
  });

  it("does not fail verify where only the server has more to say", async () => {
    const mock = createMock(ChatService);
    mock.add("countdown").expect({ from: 2 }).send({ n: 2 }).send({ n: 1 }).send({ n: 0 });
    for await (const { n } of mock.client().countdown({ from: 2 })) {
      expect(n).toBe(2);
      break;
    }
    mock.verify();
  });
});

function isGreeting({ text }: { text: string }): void {
  expect(text).toBe("hi");
}

async function textsOf(mock: ChatMock, said: AsyncIterable<{ text: string }>): Promise<string[]> {
  return (await collect(mock.client().chat(said))).map(({ text }) => text);
}

import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createMock, MockError, type MockHandler, ServiceMock } from "connect-clue/mock";
import { describe, expect, it } from "vitest";
import { ChatService, SayRequestSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { collect } from "../../test/support/context-observe.js";
import { problemOf, thrownBy } from "../../test/support/problems.js";

describe("verify", () => {
  it("is content when all that was expected has happened", async () => {
    const mock = createMock(ChatService);
    mock.verify();
    mock.add("say", () => ({})).set("upload", async () => ({}));
    await mock.client().say({});
    mock.verify();
  });

  it("lists all that is missing", async () => {
    const mock = createMock(ChatService);
    mock.add("say", () => ({}));
    mock.add("chat").expect({ text: "hi" });
    expect(await problemOf(() => mock.verify())).toBe(
      "MockError: mock of chat.v1.ChatService: 2 problems" +
        '\n  1. not called: say, added at <add("say")>' +
        '\n  2. not called: chat, added at <add("chat")>',
    );
  });

  it("fails for calls whose error the code under test has swallowed, as often as it is asked", async () => {
    const mock = createMock(ChatService);
    await mock
      .client()
      .say({ text: "hi" })
      .catch(() => {});
    const problem =
      'unexpected call of say({"text":"hi"})' +
      '\n  nothing more was expected: add("say", …) answers one more call, set("say", …) all of them';
    for (const error of [await thrownBy(() => mock.verify()), await thrownBy(() => mock.verify())]) {
      expect(error).toBeInstanceOf(MockError);
      expect(error).toMatchObject({
        name: "MockError",
        mocked: "chat.v1.ChatService",
        problems: [problem],
        message: `mock of chat.v1.ChatService: ${problem}`,
      });
    }
  });

  it("tells what went wrong first, then what is not finished, then what is missing", async () => {
    const mock = createMock(ChatService);
    const client = mock.client();
    mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expectEnd();
    mock.add("countdown").send({ n: 1 });
    await thrownBy(() => client.say({ text: "early" }));
    const chat = client.chat(once({ text: "hi" }))[Symbol.asyncIterator]();
    await chat.next();
    expect(await problemOf(() => mock.verify())).toBe(
      "MockError: mock of chat.v1.ChatService: 3 problems" +
        '\n  1. unexpected call of say({"text":"early"})' +
        '\n    expected next: chat, added at <add("chat")>' +
        '\n  2. conversation not finished: chat, step 3 of 3, added at <add("chat")>: expect the end of the requests' +
        "\n    before:" +
        '\n      ← {"text":"hi"}' +
        '\n      → {"text":"hello"}' +
        '\n  3. not called: countdown, added at <add("countdown")>',
    );
  });

  it("fails for an assertion that fails in a handler, whatever the caller makes of the RPC error", async () => {
    const mock = createMock(ChatService);
    mock.add("say", ({ text }) => {
      expect(text, "the greeting").toBe("hi");
      return {};
    });
    mock.add("upload", async () => {
      await Promise.resolve();
      expect({ count: 1 }).toHaveCount(2);
      return {};
    });
    mock.add("countdown", async function* () {
      yield { n: 1 };
      expect(1).toBe(2);
    });
    const client = mock.client();
    expect(await problemOf(() => client.say({ text: "ho" }))).toBe("ConnectError: [internal] internal error");
    await thrownBy(() => client.upload(nothing()));
    await thrownBy(() => collect(client.countdown({})));
    const { problems } = (await thrownBy(() => mock.verify())) as MockError;
    expect(problems.map((problem) => problem.split("\n")[0])).toEqual([
      "say threw AssertionError: the greeting: expected 'ho' to be 'hi' // Object.is equality",
      "upload threw Error: 1, not 2",
      "countdown threw AssertionError: expected 1 to be 2 // Object.is equality",
    ]);
  });

  it.each<[method: "say" | "countdown", problem: string, handler: () => unknown]>([
    ["say", "it must return a message of chat.v1.SayResponse, got undefined", () => undefined],
    ["say", 'it must return a message of chat.v1.SayResponse, got "hi"', () => "hi"],
    [
      "say",
      "it must return a message of chat.v1.SayResponse, got a message of chat.v1.SayRequest",
      () => create(SayRequestSchema),
    ],
    ["say", "it must return a message of chat.v1.SayResponse, got an object", () => new Map()],
    [
      "countdown",
      "it must yield a message of chat.v1.CountdownResponse, got one that can't be sent: cannot encode field chat.v1.CountdownResponse.n to binary: invalid int32: 1099511627776",
      async function* () {
        yield { n: 2 ** 40 };
      },
    ],
    [
      "countdown",
      "it must return an async iterable of chat.v1.CountdownResponse, as an async function* does, got a promise",
      async () => {},
    ],
    [
      "countdown",
      "it must yield a message of chat.v1.CountdownResponse, got null",
      async function* () {
        yield null;
      },
    ],
  ])("fails for a handler of %s that gives no answer of it: %s", async (method, problem, handler) => {
    const mock = createMock(ChatService);
    mock.add(method, handler as never);
    const client = mock.client();
    await thrownBy(() => (method === "say" ? client.say({}) : collect(client.countdown({}))));
    expect(await problemOf(() => mock.verify())).toBe(
      `MockError: mock of chat.v1.ChatService: ${method} threw TypeError: handler of ${method}: ${problem}`,
    );
  });

  it("does not fail for other errors of handlers: services do that", async () => {
    const mock = createMock(ChatService);
    mock.add("say", () => {
      throw new ConnectError("no such room", Code.NotFound);
    });
    mock.add("upload", async () => Promise.reject(new Error("broken")));
    const client = mock.client();
    expect(await problemOf(() => client.say({}))).toBe("ConnectError: [not_found] no such room");
    expect(await problemOf(() => client.upload(nothing()))).toBe("ConnectError: [internal] internal error");
    mock.verify();
  });
});

describe("a list of problems", () => {
  it("counts equal ones", async () => {
    const mock = createMock(ChatService);
    const client = mock.client();
    for (let i = 0; i < 2000; i++) await thrownBy(() => client.say({}));
    const problem =
      "unexpected call of say({})" +
      '\n  nothing more was expected: add("say", …) answers one more call, set("say", …) all of them';
    const error = (await thrownBy(() => mock.verify())) as MockError;
    expect(error.message).toBe(`mock of chat.v1.ChatService: 2000 times: ${problem}`);
    expect(error.problems).toEqual(Array(2000).fill(problem));
    expect(Object.keys(error)).toEqual(["mocked", "name"]);
  });

  it("ends after 20", () => {
    const problems = Array.from({ length: 27 }, (_, i) => `problem ${i + 1}`);
    const lines = problems.slice(0, 20).map((problem, i) => `  ${i + 1}. ${problem}`);
    expect(new MockError("X", [...problems, "problem 1"]).message.split("\n")).toEqual([
      "mock of X: 27 problems",
      ...lines.with(0, "  1. 2 times: problem 1"),
      "  … and 7 more",
    ]);
  });
});

describe("a subclass", () => {
  it("is passed over in the places where expectations were added", async () => {
    class ChatMock extends ServiceMock<typeof ChatService> {
      constructor() {
        super(ChatService);
      }
      addSay(): this {
        this.expectCall("add", "say", [() => ({})], this.addSay);
        return this;
      }
      setSay = () => this.expectCall("set", "say", [], this.setSay);
    }
    const mock = new ChatMock();
    mock.addSay();
    mock.setSay();
    expect(await problemOf(() => mock.verify())).toBe(
      "MockError: mock of chat.v1.ChatService: not called: say, added at <addSay>",
    );
  });

  it("is shown by Node as what it mocks, and takes undefined for no handler", async () => {
    class ChatMock extends ServiceMock<typeof ChatService> {
      addSay(...given: [handler?: MockHandler<typeof ChatService.method.say>]): unknown {
        return this.expectCall("add", "say", given, this.addSay);
      }
    }
    const mock = new ChatMock(ChatService);
    expect(inspect(mock)).toBe("ChatMock(chat.v1.ChatService)");
    expect(await problemOf(() => Reflect.apply(mock.addSay, mock, [undefined]))).toBe(
      "TypeError: add: handler of say: expected a function, got undefined",
    );
  });
});

expect.extend({
  toHaveCount: ({ count }: { count: number }, expected: number) => ({
    pass: count === expected,
    message: () => `${count}, not ${expected}`,
  }),
});

declare module "vitest" {
  interface Matchers<T> {
    toHaveCount(expected: number): T;
  }
}

async function* nothing(): AsyncGenerator<never> {}

async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
  await new Promise(() => {});
}

import { Code, ConnectError } from "@connectrpc/connect";
import { createMock } from "connect-clue/mock";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { collect } from "../../test/support/context-observe.js";
import { problemOf, thrownBy } from "../../test/support/problems.js";

describe("add", () => {
  it("appends to one sequence of all methods, in which each expectation answers one call", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const client = mock.client();
    mock
      .add("say", () => ({ text: "one" }))
      .add("upload", async () => ({ count: 2 }))
      .add("say", () => ({ text: "three" }));

    expect((await client.say({})).text).toBe("one");
    expect(mock.hasMore()).toBe(true);
    expect((await client.upload(nothing())).count).toBe(2);
    expect((await client.say({})).text).toBe("three");
    expect(mock.hasMore()).toBe(false);
  });

  it("begins a new sequence after the first is used up", async () => {
    const mock = createMock(ChatService);
    const client = mock.client();
    mock.add("say", () => ({ text: "one" }));
    await client.say({});
    expect(await problemOf(() => client.say({ text: "again" }))).toBe(
      'ConnectError: [internal] mock of chat.v1.ChatService: unexpected call of say({"text":"again"})' +
        '\n  nothing more was expected: add("say", …) answers one more call, set("say", …) all of them',
    );
    mock.add("say", () => ({ text: "two" }));
    expect((await client.say({})).text).toBe("two");
  });

  it("refuses what is no handler, and methods that there are not", async () => {
    const mock = createMock(ChatService);
    const loose = mock as unknown as Record<
      "add" | "set" | "next" | "calls",
      (...args: unknown[]) => unknown
    >;
    const methods = '"say", "upload", "countdown", "chat"';
    expect(await problemOf(() => loose.add("say", { text: "hi" }))).toBe(
      "TypeError: add: handler of say: expected a function, got an object",
    );
    expect(await problemOf(() => loose.set("say", undefined))).toBe(
      "TypeError: set: handler of say: expected a function, got undefined",
    );
    for (const verb of ["add", "set", "next", "calls"] as const) {
      for (const [name, shown] of [
        ["Say", '"Say"'],
        ["toString", '"toString"'],
        ["__proto__", '"__proto__"'],
        [7, "7"],
      ]) {
        expect(await problemOf(() => loose[verb](name))).toBe(
          `TypeError: ${verb}: method of chat.v1.ChatService: expected one of ${methods}, got ${shown}`,
        );
      }
    }
    expect(mock.hasMore()).toBe(false);
    mock.verify();
  });
});

describe("set", () => {
  it("answers all calls, the last one that was set", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const client = mock.client();
    mock.set("say", () => ({ text: "first" }));
    mock.set("say", ({ text }) => ({ text: `set: ${text}` }));
    expect((await client.say({ text: "a" })).text).toBe("set: a");
    expect((await client.say({ text: "b" })).text).toBe("set: b");
    expect(mock.hasMore()).toBe(false);
  });

  it("waits until the sequence is used up, for a method that occurs in it", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const client = mock.client();
    mock
      .set("say", () => ({ text: "set" }))
      .set("countdown")
      .send({ n: 0 });
    mock.add("say", () => ({ text: "added" })).add("upload", async () => ({ count: 1 }));

    expect((await client.say({})).text).toBe("added");
    expect((await collect(client.countdown({}))).map(({ n }) => n)).toEqual([0]);
    expect((await client.upload(nothing())).count).toBe(1);
    expect((await client.say({})).text).toBe("set");
  });

  it("does not step in for a method that the sequence has answered and is not through", async () => {
    const mock = createMock(ChatService);
    const client = mock.client();
    mock.set("say", () => ({ text: "set" }));
    mock.add("say", () => ({ text: "added" })).add("upload", async () => ({ count: 1 }));
    await client.say({});
    expect(await problemOf(() => client.say({ text: "more" }))).toBe(
      'ConnectError: [internal] mock of chat.v1.ChatService: unexpected call of say({"text":"more"})' +
        '\n  expected next: upload, added at <add("upload")>',
    );
  });
});

describe("a call that is not expected", () => {
  it("fails, and names what was expected and where that was added", async () => {
    const mock = createMock(ChatService);
    mock.add("countdown");
    const error = await thrownBy(() => mock.client().say({ text: "hi" }));
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.Internal });
    expect(await problemOf(() => Promise.reject(error))).toBe(
      'ConnectError: [internal] mock of chat.v1.ChatService: unexpected call of say({"text":"hi"})' +
        '\n  expected next: countdown, added at <add("countdown")>',
    );
  });

  it("does not show requests that stream: nobody has read them yet", async () => {
    const mock = createMock(ChatService);
    expect(await problemOf(() => mock.client().upload(nothing()))).toBe(
      "ConnectError: [internal] mock of chat.v1.ChatService: unexpected call of upload(…)" +
        '\n  nothing more was expected: add("upload", …) answers one more call, set("upload", …) all of them',
    );
  });

  it("does not use up the sequence", async () => {
    const mock = createMock(ChatService);
    mock.add("countdown").send({ n: 1 });
    const client = mock.client();
    await thrownBy(() => client.say({}));
    expect((await collect(client.countdown({}))).map(({ n }) => n)).toEqual([1]);
    expect(mock.hasMore()).toBe(false);
  });

  it("shows no more than 500 characters of a request", async () => {
    const mock = createMock(ChatService);
    const message = await problemOf(() => mock.client().say({ text: "x".repeat(10_000) }));
    expect(message.length).toBeLessThan(800);
    expect(message).toContain(`say({"text":"${"x".repeat(400)}`);
  });
});

describe("next", () => {
  it("takes the handler that a call would take", async () => {
    const mock = createMock(ChatService);
    const added = () => ({ text: "added" });
    const set = () => ({ text: "set" });
    mock.add("say", added).set("say", set);
    expect(mock.next("say")).toBe(added);
    expect(mock.hasMore()).toBe(false);
    expect(mock.next("say")).toBe(set);
    mock.verify();
    expect(await problemOf(() => mock.next("chat"))).toBe(
      "ConnectError: [internal] mock of chat.v1.ChatService: unexpected call of chat(…)" +
        '\n  nothing more was expected: add("chat", …) answers one more call, set("chat", …) all of them',
    );
    await thrownBy(() => mock.verify());
  });
});

async function* nothing(): AsyncGenerator<never> {}

import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { requests, startChat } from "../../test/support/chat-server.js";

describe("a call that succeeds", () => {
  it("unary", async () => {
    const { client, server, clientSide } = await startChat({ say: ({ text }) => ({ text }) });

    expect((await client.say({ text: "a" })).text).toBe("a");

    expect(await server.events()).toEqual(["receive 1", "send 1", "end ok received=1 sent=1"]);
    expect(await clientSide.events()).toEqual(["send 1", "receive 1", "end ok received=1 sent=1"]);
  });

  it("client streaming", async () => {
    const { client, server, clientSide } = await startChat({
      async upload(messages) {
        let count = 0;
        for await (const _ of messages) count++;
        return { count };
      },
    });

    expect((await client.upload(requests({ text: "a" }, { text: "b" }))).count).toBe(2);

    expect(await server.events()).toEqual(["receive 1", "receive 2", "send 1", "end ok received=2 sent=1"]);
    expect(await clientSide.events()).toEqual(["send 1", "send 2", "receive 1", "end ok received=1 sent=2"]);
  });

  it("server streaming", async () => {
    const { client, server, clientSide } = await startChat({
      async *countdown({ from }) {
        for (let n = from; n >= 0; n--) yield { n };
      },
    });

    const numbers: number[] = [];
    for await (const { n } of client.countdown({ from: 2 })) numbers.push(n);

    expect(numbers).toEqual([2, 1, 0]);
    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      "send 2",
      "send 3",
      "end ok received=1 sent=3",
    ]);
    expect(await clientSide.events()).toEqual([
      "send 1",
      "receive 1",
      "receive 2",
      "receive 3",
      "end ok received=3 sent=1",
    ]);
  });

  it("bidi streaming", async () => {
    const { client, server, clientSide } = await startChat({
      async *chat(messages) {
        for await (const { text } of messages) yield { text };
      },
    });

    const texts: string[] = [];
    for await (const { text } of client.chat(requests({ text: "a" }, { text: "b" }))) texts.push(text);

    expect(texts).toEqual(["a", "b"]);
    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      "receive 2",
      "send 2",
      "end ok received=2 sent=2",
    ]);
    expect((await clientSide.ended()).events.at(-1)).toBe("end ok received=2 sent=2");
  });

  it("a stream without a message", async () => {
    const { client, server, clientSide } = await startChat({ async *countdown() {} });

    for await (const _ of client.countdown({ from: 2 })) throw new Error("no message is expected");

    expect(await server.events()).toEqual(["receive 1", "end ok received=1 sent=0"]);
    expect(await clientSide.events()).toEqual(["send 1", "end ok received=0 sent=1"]);
  });

  it("bidi: the handler leaves its loop before the client has said all", async () => {
    const { client, server } = await startChat({
      async *chat(messages) {
        for await (const { text } of messages) {
          yield { text };
          break;
        }
      },
    });

    const texts: string[] = [];
    for await (const { text } of client.chat(requests({ text: "a" }, new Promise(() => {}))))
      texts.push(text);

    expect(texts).toEqual(["a"]);
    expect(await server.events()).toEqual(["receive 1", "send 1", "end ok received=1 sent=1"]);
  });

  it("client streaming: the handler answers before the client has said all", async () => {
    const { client, server } = await startChat({
      async upload(messages) {
        for await (const _ of messages) return { count: 1 };
        return { count: 0 };
      },
    });

    expect((await client.upload(requests({ text: "a" }, new Promise(() => {})))).count).toBe(1);

    expect(await server.events()).toEqual(["receive 1", "send 1", "end ok received=1 sent=1"]);
  });
});

/** What a handler may throw, what the server's observer is told, and what the client's. */
const thrown = [
  ["a ConnectError", new ConnectError("no such room", Code.NotFound), "not_found", "not_found"],
  ["a ConnectError that says canceled", new ConnectError("not now", Code.Canceled), "canceled", "canceled"],
  ["an Error", new Error("boom"), "internal", "internal"],
  ["a DOMException of an own AbortSignal", new DOMException("stop", "AbortError"), "internal", "internal"],
  [
    "an Error that looks like a broken stream",
    Object.assign(new Error("x"), { code: "ECONNRESET" }),
    "internal",
    "internal",
  ],
  ["a string", "boom", "internal", "internal"],
  ["null", null, "internal", "internal"],
  ["an object", { boom: true }, "internal", "internal"],
] as const;

describe.each(thrown)("a handler that throws %s", (_, error, code, clientCode) => {
  const failure = `end error ${code}`;
  const clientFailure = `end error ${clientCode}`;

  it("unary: at once", async () => {
    const { client, server, clientSide } = await startChat({
      say: () => {
        throw error;
      },
    });

    await expect(client.say({})).rejects.toThrow(ConnectError);

    expect(await server.events()).toEqual(["receive 1", `${failure} received=1 sent=0`]);
    expect(server.call().outcome?.cause).toBe(error);
    expect(await clientSide.events()).toEqual(["send 1", `${clientFailure} received=0 sent=1`]);
  });

  it("unary: later", async () => {
    const { client, server } = await startChat({
      say: async () => {
        await Promise.resolve();
        throw error;
      },
    });

    await expect(client.say({})).rejects.toThrow(ConnectError);

    expect(await server.events()).toEqual(["receive 1", `${failure} received=1 sent=0`]);
  });

  it("client streaming: before, between and after messages", async () => {
    const seen: string[][] = [];
    for (const after of [0, 1, 2]) {
      const { client, server } = await startChat({
        async upload(messages) {
          let count = 0;
          if (count === after) throw error;
          for await (const _ of messages) if (++count === after) throw error;
          return { count };
        },
      });
      await expect(client.upload(requests({ text: "a" }, { text: "b" }))).rejects.toThrow(ConnectError);
      seen.push(await server.events());
    }

    expect(seen).toEqual([
      [`${failure} received=0 sent=0`],
      ["receive 1", `${failure} received=1 sent=0`],
      ["receive 1", "receive 2", `${failure} received=2 sent=0`],
    ]);
  });

  it("server streaming: at once, before, between and after messages", async () => {
    const seen: string[][] = [];
    const clientSaw: string[][] = [];
    const generator = (after: number) =>
      async function* () {
        for (let n = 0; n < after; n++) yield { n };
        throw error;
      };
    const atOnce = () => {
      throw error;
    };
    for (const countdown of [atOnce, generator(0), generator(1), generator(2)]) {
      const { client, server, clientSide } = await startChat({ countdown });
      const read = async () => {
        for await (const _ of client.countdown({}));
      };
      await expect(read()).rejects.toThrow(ConnectError);
      seen.push(await server.events());
      clientSaw.push(await clientSide.events());
    }

    const none = ["receive 1", `${failure} received=1 sent=0`];
    expect(seen).toEqual([
      none,
      none,
      ["receive 1", "send 1", `${failure} received=1 sent=1`],
      ["receive 1", "send 1", "send 2", `${failure} received=1 sent=2`],
    ]);
    expect(clientSaw).toEqual([
      ["send 1", `${clientFailure} received=0 sent=1`],
      ["send 1", `${clientFailure} received=0 sent=1`],
      ["send 1", "receive 1", `${clientFailure} received=1 sent=1`],
      ["send 1", "receive 1", "receive 2", `${clientFailure} received=2 sent=1`],
    ]);
  });

  it("bidi: at once, and in answer to the second message", async () => {
    const seen: string[][] = [];
    const atOnce = () => {
      throw error;
    };
    async function* second(messages: AsyncIterable<{ text: string }>) {
      let n = 0;
      for await (const { text } of messages) {
        if (++n === 2) throw error;
        yield { text };
      }
    }
    for (const chat of [atOnce, second]) {
      const { client, server } = await startChat({ chat });
      const read = async () => {
        for await (const _ of client.chat(requests({ text: "a" }, { text: "b" }, { text: "c" })));
      };
      await expect(read()).rejects.toThrow(ConnectError);
      seen.push(await server.events());
    }

    expect(seen).toEqual([
      [`${failure} received=0 sent=0`],
      ["receive 1", "send 1", "receive 2", `${failure} received=2 sent=1`],
    ]);
  });
});

/** Connect takes an undefined error in a stream for none and reports success to the client: the log must not. */
describe("a handler that throws undefined", () => {
  it("server streaming", async () => {
    const { client, server } = await startChat({
      async *countdown() {
        yield { n: 1 };
        throw undefined;
      },
    });

    for await (const _ of client.countdown({}));

    expect(await server.events()).toEqual(["receive 1", "send 1", "end error internal received=1 sent=1"]);
  });

  it("unary", async () => {
    const { client, server } = await startChat({ say: () => Promise.reject(undefined) });

    await expect(client.say({})).rejects.toThrow(ConnectError);

    expect(await server.events()).toEqual(["receive 1", "end error internal received=1 sent=0"]);
  });
});

it("a method without implementation is unimplemented", async () => {
  const { client, server, clientSide } = await startChat({});

  await expect(client.say({})).rejects.toThrow("[unimplemented]");

  expect(await server.events()).toEqual(["receive 1", "end error unimplemented received=1 sent=0"]);
  expect(await clientSide.events()).toEqual(["send 1", "end error unimplemented received=0 sent=1"]);
});

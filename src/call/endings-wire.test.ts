import { Code, ConnectError, type Interceptor, type StreamResponse } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { type ChatOptions, requests, startChat } from "../../test/support/chat-server.js";
import { gate } from "../../test/support/gate.js";

const transports: readonly ChatOptions[] = [
  { http: "2", protocol: "grpc" },
  { http: "2", protocol: "connect" },
  { http: "2", protocol: "grpc-web" },
  { http: "1.1", protocol: "connect" },
  { http: "memory" },
];

/** `n` is an int32: a message with this number cannot be written. */
const unwritable = { n: 2 ** 40 };

/** How a server sees an upload that the client's own error ends. */
const brokenUpload = {
  // The handler takes the reset for the end of the requests, and answers.
  "2": ["send 1", "end canceled canceled received=1 sent=1"],
  "1.1": ["end canceled canceled received=1 sent=0"],
  // The handler reads the client's error, and throws it.
  memory: ["end error internal received=1 sent=0"],
};

describe.each(transports)("what the wire cannot carry, over $http $protocol", (options) => {
  it("server streaming: a message that cannot be written is an error", async () => {
    const { client, server } = await startChat(
      {
        async *countdown() {
          yield { n: 1 };
          yield unwritable;
        },
      },
      options,
    );
    const read = async () => {
      for await (const _ of client.countdown({}));
    };
    await expect(read()).rejects.toThrow("[internal]");
    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      "send 2",
      "end error internal received=1 sent=1",
    ]);
  });

  it("server streaming: the same with a deadline", async () => {
    const { client, server } = await startChat(
      {
        async *countdown() {
          yield unwritable;
        },
      },
      options,
    );
    const read = async () => {
      for await (const _ of client.countdown({}, { timeoutMs: 60_000 }));
    };
    await expect(read()).rejects.toThrow("[internal]");
    expect(await server.events()).toEqual(["receive 1", "send 1", "end error internal received=1 sent=0"]);
  });

  it("client streaming: the client's messages break off", async () => {
    const { client, server, clientSide } = await startChat(
      {
        async upload(messages) {
          for await (const _ of messages);
          return {};
        },
      },
      options,
    );
    async function* broken() {
      yield { text: "a" };
      throw new Error("no more");
    }
    await expect(client.upload(broken())).rejects.toThrow(ConnectError);
    expect(await server.events()).toEqual(["receive 1", ...brokenUpload[options.http ?? "2"]]);
    expect((await clientSide.ended()).outcome).toMatchObject({ type: "error" });
  });
});

it("unary: a response that cannot be written was ok when the handler gave it: Connect fails after the interceptors", async () => {
  const { client, server, clientSide } = await startChat({
    say: () => ({ text: Object.create(null) as never }),
  });
  await expect(client.say({})).rejects.toThrow("[internal]");
  expect(await server.events()).toEqual(["receive 1", "send 1", "end ok received=1 sent=1"]);
  expect(await clientSide.events()).toEqual(["send 1", "end error internal received=0 sent=1"]);
});

it("a bidi handler reads what is no message", async () => {
  const { client, server } = await startChat(
    {
      async *chat(messages) {
        for await (const { text } of messages) yield { text };
      },
    },
    { protocol: "connect", readMaxBytes: 100 },
  );
  const read = async () => {
    for await (const _ of client.chat(requests({ text: "a" }, { text: "b".repeat(1000) })));
  };
  await expect(read()).rejects.toThrow("[resource_exhausted]");
  expect(await server.events()).toEqual([
    "receive 1",
    "send 1",
    "end error resource_exhausted received=1 sent=1",
  ]);
});

describe("other interceptors", () => {
  const numbers = async function* () {
    for (let n = 1; n < 4; n++) yield { n };
  };

  it("an outer one that takes two messages and leaves: the call is ok", async () => {
    const outer: Interceptor = (next) => async (request) => {
      const response = await next(request);
      if (!response.stream) return response;
      async function* two(messages: StreamResponse["message"]) {
        let n = 0;
        for await (const message of messages) {
          yield message;
          if (++n === 2) break;
        }
      }
      return { ...response, message: two(response.message) };
    };
    const finallyRan = gate();
    const { client, server } = await startChat(
      {
        async *countdown() {
          try {
            yield* numbers();
          } finally {
            finallyRan.open();
          }
        },
      },
      { outer: [outer] },
    );
    const seen: number[] = [];
    for await (const { n } of client.countdown({})) seen.push(n);
    await finallyRan.opened;
    expect(seen).toEqual([1, 2]);
    expect(await server.events()).toEqual(["receive 1", "send 1", "send 2", "end ok received=1 sent=1"]);
  });

  it.each([
    ["a ConnectError", new ConnectError("not you", Code.PermissionDenied), "permission_denied"],
    ["an Error", new Error("boom"), "internal"],
  ])("an outer one that throws %s into the stream", async (_, error, code) => {
    const outer: Interceptor = (next) => async (request) => {
      const response = await next(request);
      if (!response.stream) return response;
      const inner = response.message[Symbol.asyncIterator]();
      async function* breaking() {
        yield (await inner.next()).value;
        await inner.throw?.(error);
      }
      return { ...response, message: breaking() };
    };
    const { client, server } = await startChat({ countdown: numbers }, { outer: [outer] });
    const read = async () => {
      for await (const _ of client.countdown({}));
    };
    await expect(read()).rejects.toThrow(`[${code}]`);
    expect(await server.events()).toEqual(["receive 1", "send 1", `end error ${code} received=1 sent=0`]);
    expect(server.call().outcome?.cause).toBe(error);
  });

  it("an inner one that answers without the handler", async () => {
    const inner: Interceptor = () => async (request) => ({
      stream: false,
      service: request.service,
      method: request.method as never,
      header: new Headers({ "content-type": "application/proto" }),
      trailer: new Headers(),
      message: { $typeName: "chat.v1.SayResponse", text: "from the cache" } as never,
    });
    const { client, server } = await startChat({}, { inner: [inner], protocol: "connect" });
    expect((await client.say({})).text).toBe("from the cache");
    expect(await server.events()).toEqual(["receive 1", "send 1", "end ok received=1 sent=1"]);
  });

  it("an inner one that refuses", async () => {
    const inner: Interceptor = () => () =>
      Promise.reject(new ConnectError("who are you", Code.Unauthenticated));
    const { client, server } = await startChat({ say: () => ({}), countdown: numbers }, { inner: [inner] });
    await expect(client.say({})).rejects.toThrow("[unauthenticated]");
    const read = async () => {
      for await (const _ of client.countdown({}));
    };
    await expect(read()).rejects.toThrow("[unauthenticated]");
    expect(await server.events(0)).toEqual(["receive 1", "end error unauthenticated received=1 sent=0"]);
    expect(await server.events(1)).toEqual(["end error unauthenticated received=0 sent=0"]);
  });
});

import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import {
  type Chat,
  type ChatHandlers,
  type ChatOptions,
  openRequests,
  requests,
  startChat,
} from "../../test/support/chat-server.js";
import { aborted } from "../../test/support/gate.js";

const never = new Promise<never>(() => {});
const deadline = (received: number, sent: number) =>
  `end deadline deadline_exceeded received=${received} sent=${sent}`;

/** Handlers that are too slow, each in another way; the stream has begun. */
const slow: ChatHandlers = {
  async say({ text }, { signal }) {
    if (text !== "warm-up") await aborted(signal);
    return { text: "too late" };
  },
  async upload(messages, { signal }) {
    for await (const _ of messages) {
      await aborted(signal);
      throw signal.reason;
    }
    return {};
  },
  async *countdown(_, { signal }) {
    yield { n: 1 };
    await aborted(signal);
    throw signal.reason;
  },
  async *chat(messages) {
    for await (const { text } of messages) yield { text };
  },
};

const transports: readonly ChatOptions[] = [
  { http: "2", protocol: "grpc" },
  { http: "2", protocol: "connect" },
  { http: "2", protocol: "grpc-web" },
  { http: "1.1", protocol: "connect" },
  { http: "memory" },
];

/** How a client sets a deadline: with a timer of its own, or leaving it to the server. */
const clients = [
  ["the client's timer runs out first", { timeoutMs: 500 }],
  ["the server's timer alone runs", { headers: { "grpc-timeout": "100m", "connect-timeout-ms": "100" } }],
] as const;

describe.each(transports)("a deadline over $http $protocol", (options) => {
  describe.each(clients)("%s", (_, callOptions) => {
    it("unary", async () => {
      const { client, server, clientSide } = await startWarm(slow, options);
      const answer = client.say({}, callOptions);
      if ("timeoutMs" in callOptions) await expect(answer).rejects.toThrow("[deadline_exceeded]");
      // Connect does not interrupt a unary handler, and sends what it returns however late that is.
      else expect((await answer).text).toBe("too late");
      expect(await server.events(1)).toEqual(["receive 1", deadline(1, 0)]);
      if ("timeoutMs" in callOptions) expect(await clientSide.events(1)).toEqual(["send 1", deadline(0, 0)]);
    });

    it("server streaming", async () => {
      const { client, server, clientSide } = await startWarm(slow, options);
      const read = async () => {
        for await (const _ of client.countdown({}, callOptions));
      };
      await expect(read()).rejects.toThrow("[deadline_exceeded]");
      expect(await server.events(1)).toEqual(["receive 1", "send 1", deadline(1, 1)]);
      expect(await clientSide.events(1)).toEqual(["send 1", "receive 1", deadline(1, 1)]);
    });

    it("client streaming", async () => {
      const { client, server, clientSide } = await startWarm(slow, options);
      const answer = client.upload(openRequests({ text: "a" }, options, server), callOptions);
      await expect(answer).rejects.toThrow("[deadline_exceeded]");
      expect(await server.events(1)).toEqual(["receive 1", deadline(1, 0)]);
      expect((await clientSide.events(1)).at(-1)).toMatch(/^end deadline deadline_exceeded received=0/);
    });

    if (options.http !== "1.1" && "timeoutMs" in callOptions) {
      it("bidi, while the handler reads", async () => {
        const { client, server, clientSide } = await startWarm(slow, options);
        const read = async () => {
          for await (const _ of client.chat(requests({ text: "a" }, never), callOptions));
        };
        await expect(read()).rejects.toThrow("[deadline_exceeded]");
        expect(await server.events(1)).toEqual(["receive 1", "send 1", deadline(1, 1)]);
        expect((await clientSide.events(1)).at(-1)).toMatch(/^end deadline deadline_exceeded received=1/);
      });
    }
  });

  it("server streaming: nobody reads the response, which is abandoned", async () => {
    const { client, clientSide, server } = await startWarm(slow, options);
    const messages = client.countdown({}, { timeoutMs: 500 });
    expect(await clientSide.events(1)).toEqual([
      "send 1",
      "end abandoned deadline_exceeded received=0 sent=1",
    ]);
    expect((await server.ended(1)).outcome).toMatchObject({ type: "deadline" });
    await expect(messages[Symbol.asyncIterator]().next()).rejects.toThrow("[deadline_exceeded]");
  });

  it("server streaming: the client reads and no message ever comes", async () => {
    const { client, clientSide } = await startWarm(
      {
        ...slow,
        async *countdown(_, { signal }) {
          await aborted(signal);
          yield { n: 0 };
        },
      },
      options,
    );
    const read = async () => {
      for await (const _ of client.countdown({}, { timeoutMs: 250 }));
    };
    await expect(read()).rejects.toThrow("[deadline_exceeded]");
    expect(await clientSide.events(1)).toEqual(["send 1", deadline(0, 1)]);
  });
});

it("a handler that rejects with deadline_exceeded of its own, before the call's deadline, is an error", async () => {
  const error = new ConnectError("the database took too long", Code.DeadlineExceeded);
  const { client, server, clientSide } = await startChat({ say: () => Promise.reject(error) });
  await expect(client.say({}, { timeoutMs: 60_000 })).rejects.toThrow("[deadline_exceeded]");
  expect(await server.events()).toEqual(["receive 1", "end error deadline_exceeded received=1 sent=0"]);
  expect(await clientSide.events()).toEqual(["send 1", "end error deadline_exceeded received=0 sent=1"]);
});

/**
 * Starts a service and connects to it by a first call. Over HTTP/1.1 a client that leaves says nothing, and the server
 * judges by the time: that must be the call's, not the time that the first connection of a process takes.
 */
async function startWarm(handlers: ChatHandlers, options: ChatOptions): Promise<Chat> {
  const chat = await startChat(handlers, options);
  await chat.client.say({ text: "warm-up" });
  return chat;
}

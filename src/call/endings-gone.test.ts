import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type ChatHandlers, type ChatOptions, requests, startChat } from "../../test/support/chat-server.js";
import { aborted, gate } from "../../test/support/gate.js";
import { startPeer } from "../../test/support/peer-process.js";
import { until } from "../../test/support/until.js";

const never = new Promise<never>(() => {});
const canceled = (received: number, sent: number) =>
  `end canceled canceled received=${received} sent=${sent}`;

/** Handlers that are at work when their client goes, each in another way. */
const busy: ChatHandlers = {
  async say(_, { signal }) {
    await aborted(signal);
    return {};
  },
  async upload(messages) {
    let count = 0;
    for await (const _ of messages) count++;
    return { count };
  },
  async *countdown(_, { signal }) {
    yield { n: 1 };
    await aborted(signal);
    yield { n: 2 };
  },
  async *chat(messages) {
    for await (const { text } of messages) yield { text };
  },
};

describe("the client's process is killed", () => {
  it("while a bidi handler reads", async () => {
    const { server, url } = await startChat(busy);
    const peer = startPeer(url, "Chat", "application/grpc+proto");
    await until(() => server.calls[0]?.events[1] === "send 1");
    peer.kill("SIGKILL");
    expect(await server.events()).toEqual(["receive 1", "send 1", canceled(1, 1)]);
  });

  it("while a client-streaming handler reads", async () => {
    const { server, url } = await startChat(busy);
    const peer = startPeer(url, "Upload", "application/grpc+proto");
    await until(() => server.calls[0]?.events[0] === "receive 1");
    peer.kill("SIGKILL");
    expect((await server.events()).at(0)).toBe("receive 1");
    expect(server.call().outcome).toMatchObject({ type: "canceled", received: 1 });
  });

  it("while a bidi handler reads, which swallows the error and ends well", async () => {
    const { server, url } = await startChat({
      async *chat(messages) {
        try {
          for await (const { text } of messages) yield { text };
        } catch {
          // The handler does not mind.
        }
      },
    });
    const peer = startPeer(url, "Chat", "application/grpc+proto");
    await until(() => server.calls[0]?.events[1] === "send 1");
    peer.kill("SIGKILL");
    expect(await server.events()).toEqual(["receive 1", "send 1", canceled(1, 1)]);
  });

  it("while a server-streaming handler waits, over HTTP/1.1", async () => {
    const { server, url } = await startChat(busy, { http: "1.1" });
    const peer = startPeer(url, "Countdown", "application/connect+proto");
    await until(() => server.calls[0]?.events[1] === "send 1");
    peer.kill("SIGKILL");
    expect(await server.events()).toEqual(["receive 1", "send 1", canceled(1, 1)]);
  });
});

const https: readonly ChatOptions[] = [{ http: "2" }, { http: "2", protocol: "connect" }, { http: "1.1" }];

describe.each(https)("the client's connection breaks %o", (options) => {
  it("unary", async () => {
    const { client, server, disconnect } = await startChat(busy, options);
    const answer = client.say({});
    answer.catch(() => {});
    await until(() => server.calls[0]?.events[0] === "receive 1");
    disconnect();
    await expect(answer).rejects.toThrow();
    expect(await server.events()).toEqual(["receive 1", canceled(1, 0)]);
  });

  it("server streaming", async () => {
    const { client, server, clientSide, disconnect } = await startChat(busy, options);
    const read = async () => {
      for await (const _ of client.countdown({})) disconnect();
    };
    await expect(read()).rejects.toThrow();
    expect(await server.events()).toEqual(["receive 1", "send 1", canceled(1, 1)]);
    expect((await clientSide.ended()).outcome).toMatchObject({ type: "error", received: 1, sent: 1 });
  });

  it("client streaming", async () => {
    const arrived = gate();
    const { client, server, disconnect } = await startChat(
      {
        async upload(messages) {
          for await (const _ of messages) arrived.open();
          return {};
        },
      },
      options,
    );
    const answer = client.upload(requests({ text: "a" }, never));
    answer.catch(() => {});
    await arrived.opened;
    disconnect();
    await expect(answer).rejects.toThrow();
    expect((await server.ended()).outcome).toMatchObject({ type: "canceled", received: 1 });
  });
});

/** A bidi stream needs HTTP/2. */
describe.each(https.filter(({ http }) => http === "2"))(
  "the client's HTTP/2 session breaks %o",
  (options) => {
    it("bidi", async () => {
      const { client, server, disconnect } = await startChat(busy, options);
      const read = async () => {
        for await (const _ of client.chat(requests({ text: "a" }, never))) disconnect();
      };
      await expect(read()).rejects.toThrow();
      expect(await server.events()).toEqual(["receive 1", "send 1", canceled(1, 1)]);
    });
  },
);

it("the client destroys its HTTP/2 session without a word", async () => {
  const { server, url } = await startChat(busy);
  const session = connectHttp2(url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/chat.v1.ChatService/Chat",
    "content-type": "application/grpc+proto",
    te: "trailers",
  });
  stream.on("error", () => {});
  stream.resume().write(Buffer.alloc(5));
  await until(() => server.calls[0]?.events[1] === "send 1");
  session.destroy();
  expect(await server.events()).toEqual(["receive 1", "send 1", canceled(1, 1)]);
});

it("an upload over HTTP/1.1 breaks off inside a message", async () => {
  const { server, url } = await startChat(busy, { http: "1.1" });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(
    "POST /chat.v1.ChatService/Upload HTTP/1.1\r\nHost: a\r\nContent-Type: application/connect+proto\r\nContent-Length: 100\r\n\r\n",
  );
  // One empty message, and the beginning of another one.
  socket.write(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]));
  await until(() => server.calls[0]?.events[0] === "receive 1");
  socket.destroy();
  expect(await server.events()).toEqual(["receive 1", canceled(1, 0)]);
});

it("without nodeContextValues a client that goes while a handler reads passes for one that has said all", async () => {
  const { client, server, disconnect } = await startChat(busy, { nodeContext: false });
  const controller = new AbortController();
  const answer = client.upload(requests({ text: "a" }, never), { signal: controller.signal });
  await until(() => server.calls[0]?.events[0] === "receive 1");
  controller.abort();
  await expect(answer).rejects.toThrow("[canceled]");
  expect((await server.ended()).outcome?.type).toMatch(/^(ok|canceled)$/);
  disconnect();
});

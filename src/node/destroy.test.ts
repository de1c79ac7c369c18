import { connect as tlsConnect } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import { Client, credentials, status } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ClientWay,
  chatClient,
  chatHandler,
  rawConnection,
  rawSocket,
  startNodeServer,
} from "../../test/support/node-server.js";
import { testCertificate, testKey } from "../../test/support/tls.js";
import { until } from "../../test/support/until.js";

const tls = { cert: testCertificate, key: testKey };
const ways: readonly ClientWay[] = ["gRPC", "gRPC-Web", "Connect over HTTP/2"];

const stuck = chatHandler({
  say: () => new Promise(() => {}),
  async *countdown() {
    yield { n: 3 };
    await new Promise(() => {});
  },
  async *chat() {
    yield { text: "begun" };
    await new Promise(() => {});
  },
});

describe("destroy", () => {
  it.each([...ways, "Connect over HTTP/1.1"] as const)(
    "tells %s that it is unavailable, before the answer",
    async (way) => {
      const server = await startNodeServer({ handler: stuck });
      const call = chatClient(server.url, way).say({});
      const failure = failureOf(call);
      await until(() => [...server.requests].length === 1);
      expect(server.destroy()).toMatchObject([{ method: "POST", path: "/chat.v1.ChatService/Say" }]);
      await server.close();
      expect((await failure).code).toBe(Code.Unavailable);
    },
  );

  it.each([...ways, "Connect over HTTP/1.1"] as const)(
    "tells %s that it is unavailable, in a stream",
    async (way) => {
      const server = await startNodeServer({ handler: stuck });
      const seen: number[] = [];
      const failure = failureOf(each(chatClient(server.url, way).countdown({}), ({ n }) => seen.push(n)));
      await until(() => seen.length === 1);
      server.destroy();
      await server.close();
      expect(await failure).toMatchObject({ code: Code.Unavailable, rawMessage: "server is shutting down" });
    },
  );

  it.each(ways)("tells %s that it is unavailable, in a stream whose client goes on", async (way) => {
    const server = await startNodeServer({ handler: stuck });
    const seen: string[] = [];
    const answers = chatClient(server.url, way).chat(endless());
    const failure = failureOf(each(answers, ({ text }) => seen.push(text)));
    await until(() => seen.length === 1);
    server.destroy();
    await server.close();
    expect(await failure).toMatchObject({ code: Code.Unavailable, rawMessage: "server is shutting down" });
  });

  it.each([
    ["Say", "server is shutting down"],
    ["Chat", "server is shutting down"],
  ])("tells grpc-js that it is unavailable: %s", async (method) => {
    const server = await startNodeServer({ handler: stuck });
    const client = new Client(new URL(server.url).host, credentials.createInsecure());
    onTestFinished(() => client.close());
    const same = (bytes: Buffer) => bytes;
    const call = client.makeBidiStreamRequest(`/chat.v1.ChatService/${method}`, same, same);
    let begun = false;
    call.on("data", () => {
      begun = true;
    });
    call.on("error", () => {});
    const ended = new Promise<{ code: number }>((resolve) => call.on("status", resolve));
    if (method === "Say") call.end(Buffer.alloc(0));
    else call.write(Buffer.alloc(0));
    await until(() => (method === "Say" ? [...server.requests].length === 1 : begun));
    server.destroy();
    await server.close();
    expect((await ended).code).toBe(status.UNAVAILABLE);
  });

  it("gives the requests that it cut off, oldest first, and the same ones again", async () => {
    const server = await startNodeServer({ handler: () => {} });
    const before = Date.now();
    const texts = ["GET /first?secret=b HTTP/1.1\r\nHost: a\r\n\r\n", "POST /second HTTP/1.0\r\n\r\n"];
    const peers: unknown[] = [];
    for (const [index, text] of texts.entries()) {
      const { socket } = rawConnection(server.port, text);
      await until(() => [...server.requests].length === index + 1);
      peers.push(`127.0.0.1:${socket.localPort}`);
    }
    const cut = server.destroy();
    expect(cut).toEqual([
      { method: "GET", path: "/first", peer: peers[0], startTime: expect.any(Number), httpVersion: "1.1" },
      { method: "POST", path: "/second", peer: peers[1], startTime: expect.any(Number), httpVersion: "1.0" },
    ]);
    expect(cut.every(({ startTime }) => startTime >= before && startTime <= Date.now())).toBe(true);
    expect(server.destroy()).toBe(cut);
    await server.close();
    expect(server.destroy()).toBe(cut);
    expect([...server.requests]).toEqual([]);
  });

  it.each([
    ["without", undefined],
    ["with", tls],
  ])("ends all connections, whatever they are at, %s TLS", async (_, options) => {
    const server = await startNodeServer({
      handler: (_request, response) => response.end("served"),
      private: { port: 0 },
      ...(options && { tls: options }),
    });
    const connections = [rawConnection(server.port), rawConnection(server.privateListener?.port ?? 0, "PRI")];
    if (options) {
      const socket = tlsConnect({ port: server.port, host: "127.0.0.1", ca: testCertificate });
      connections.push(rawSocket(socket, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    } else connections.push(rawConnection(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    await until(() => connections.at(-1)?.text().endsWith("served") === true);
    expect(server.destroy()).toEqual([]);
    await server.close();
    await Promise.all(connections.map(({ closed }) => closed));
  });

  it("ends a client that doesn't read what it is sent", async () => {
    const server = await startNodeServer({
      handler: (_, response) => response.end(Buffer.alloc(50_000_000)),
    });
    const { socket, closed } = rawConnection(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    socket.pause();
    await until(() => [...server.requests].length === 1);
    expect(server.destroy()).toHaveLength(1);
    await server.close();
    socket.resume();
    expect((await closed).length).toBeLessThan(50_000_000);
  });

  it("puts an end to a close that waits", async () => {
    const server = await startNodeServer({ handler: stuck });
    const failure = failureOf(chatClient(server.url, "gRPC").say({}));
    await until(() => [...server.requests].length === 1);
    const closed = server.close();
    expect(server.destroy()).toHaveLength(1);
    await closed;
    expect((await failure).code).toBe(Code.Unavailable);
  });
});

async function each<T>(messages: AsyncIterable<T>, use: (message: T) => void): Promise<void> {
  for await (const message of messages) use(message);
}

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("the call did not fail");
}

async function* endless() {
  yield { text: "a" };
  await new Promise(() => {});
}

import { once } from "node:events";
import { ServerResponse } from "node:http";
import { connect } from "node:http2";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import {
  type ClientWay,
  chatClient,
  chatHandler,
  grpcJsSay,
  isRefused,
  rawConnection,
  sayOf,
  startNodeServer,
} from "../../test/support/node-server.js";
import { testCertificate, testKey } from "../../test/support/tls.js";
import { until } from "../../test/support/until.js";
import type { NodeRequestHandler, PrivateListenerOptions } from "./index.js";

const ways: readonly ClientWay[] = ["gRPC", "gRPC-Web", "Connect over HTTP/2", "Connect over HTTP/1.1"];

describe("close, under load,", () => {
  it.each([...ways, "grpc-js"] as const)("answers every call that it has accepted: %s", async (way) => {
    const accepted: string[] = [];
    const answered: string[] = [];
    const server = await startNodeServer({
      handler: chatHandler({
        async say({ text }) {
          accepted.push(text);
          await new Promise((resolve) => setImmediate(resolve));
          return { text };
        },
      }),
    });
    const failures = Promise.all(
      Array.from({ length: 20 }, async (_, worker) => {
        const say = way === "grpc-js" ? grpcJsSay(server.url) : sayOf(chatClient(server.url, way));
        try {
          for (let call = 0; ; call++) answered.push(await say(`${worker}.${call}`));
        } catch (error) {
          return error;
        }
      }),
    );
    await until(() => answered.length > 200);
    await server.close();
    expect((await failures).filter((error) => !isRefused(error))).toEqual([]);
    expect(answered.toSorted()).toEqual(accepted.toSorted());
    expect([...server.requests]).toEqual([]);
  });

  it.each<ClientWay>(["gRPC", "gRPC-Web", "Connect over HTTP/2"])(
    "lets open streams go on: %s",
    async (way) => {
      const server = await startNodeServer({
        handler: chatHandler({
          async *chat(requests) {
            for await (const { text } of requests) yield { text };
          },
        }),
      });
      const more = [gate<string>(), gate<string>()];
      async function* texts() {
        yield { text: "before" };
        for (const { opened } of more) yield { text: await opened };
      }
      const seen: string[] = [];
      const done = (async () => {
        for await (const { text } of chatClient(server.url, way).chat(texts())) seen.push(text);
      })();
      await until(() => seen.length === 1);
      const closed = server.close();
      more[0]?.open("during");
      await until(() => seen.length === 2);
      expect([...server.requests]).toMatchObject([{ path: "/chat.v1.ChatService/Chat", httpVersion: "2.0" }]);
      more[1]?.open("to the end");
      await Promise.all([done, closed]);
      expect(seen).toEqual(["before", "during", "to the end"]);
    },
  );
});

describe("close", () => {
  it("gives every caller the same promise, and refuses new connections at once", async () => {
    const server = await startNodeServer();
    const closed = server.close();
    expect(server.close()).toBe(closed);
    await expect(fetch(server.url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    await closed;
  });

  it("tells HTTP/2 clients twice: to open no more streams, and then which was the last", async () => {
    const { server, answer } = await waiting();
    const session = connect(server.url);
    onTestFinished(() => session.destroy());
    const goaways: unknown[] = [];
    session.on("goaway", (code, last) => goaways.push([code, last]));
    const stream = session.request({ ":path": "/" });
    await until(() => [...server.requests].length === 1);
    const closed = server.close();
    await until(() => goaways.length === 2);
    answer.open();
    expect((await stream.setEncoding("utf8").toArray()).join("")).toBe("answer");
    await closed;
    expect(goaways.slice(0, 2)).toEqual([
      [0, 2 ** 31 - 1],
      [0, 1],
    ]);
  });

  it("answers with Connection: close over HTTP/1.1", async () => {
    const { server, answer } = await waiting();
    const { text, closed: connectionClosed } = rawConnection(
      server.port,
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    await until(() => [...server.requests].length === 1);
    const closed = server.close();
    answer.open();
    await closed;
    expect(await connectionClosed).toMatch(/\r\nConnection: close\r\n.*answer$/is);
    expect(text().match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  });

  it("closes a connection over HTTP/1.1 whose answer had begun when that has ended, with what was asked behind it", async () => {
    const { server, answer } = await waiting();
    const idle = rawConnection(server.port);
    const get = "GET /begun HTTP/1.1\r\nHost: a\r\n\r\n";
    const busy = rawConnection(server.port, get + get);
    await until(() => busy.text().includes("200") && [...server.requests].length === 2);
    const answered = rawConnection(server.port, "GET /at-once HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => answered.text().endsWith("at once"));
    const closed = server.close();
    await answered.closed;
    answer.open();
    await Promise.all([closed, idle.closed]);
    expect((await busy.closed).match(/answer/g)).toHaveLength(2);
  });

  it("serves HTTP/2 on a connection that had not said a word, for its last time", async () => {
    const server = await startNodeServer({ handler: (_, response) => response.end("served") });
    const { socket } = rawConnection(server.port);
    await once(socket, "ready");
    await fetch(server.url);
    const closed = server.close();
    const session = connect(server.url, { createConnection: () => socket });
    expect((await session.request({ ":path": "/" }).setEncoding("utf8").toArray()).join("")).toBe("served");
    await closed;
  });

  it("serves what comes on connections that were idle, or had not said a word, for a moment", async () => {
    const server = await startNodeServer({ handler: (_, response) => response.end("served") });
    const silent = rawConnection(server.port);
    const idle = rawConnection(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => idle.text().endsWith("served") && silent.socket.readyState === "open");
    const closed = server.close();
    idle.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    silent.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await closed;
    expect((await idle.closed).match(/served/g)).toHaveLength(2);
    expect((await silent.closed).match(/served/g)).toHaveLength(1);
  });

  it.each([
    ["nothing", ""],
    ["half a preface", "PRI *"],
    ["half a head", "GET / HT"],
    ["a request that was answered", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ])("closes connections with %s", async (_, first) => {
    const server = await startNodeServer({ handler: (_request, response) => response.end("served") });
    const connection = rawConnection(server.port, first);
    await once(connection.socket, "ready");
    await fetch(server.url);
    await server.close();
    await connection.closed;
  });

  it("closes TLS connections in the midst of their handshake", async () => {
    const server = await startNodeServer({ tls: { cert: testCertificate, key: testKey } });
    const connection = rawConnection(server.port);
    await chatClient(server.url, "gRPC").say({});
    await server.close();
    await connection.closed;
  });

  it("keeps the private listener to the end, and then cuts what it has", async () => {
    const stuck: NodeRequestHandler = (request, response) => {
      if (request.url === "/stuck") begin(response);
      else response.end("served");
    };
    const { server, answer } = await waiting({ port: 0, handler: stuck });
    const { url, port } = server.privateListener ?? { url: "", port: 0 };
    const cut = rawConnection(port, "GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => cut.text().includes("begun"));
    const last = rawConnection(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => [...server.requests].length === 1);
    const closed = server.close();
    expect(await (await fetch(url)).text()).toBe("served");
    answer.open();
    expect(await last.closed).toMatch(/answer$/);
    await closed;
    await cut.closed;
    await expect(fetch(url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });
});

/** A server whose handlers wait until they may answer. */
async function waiting(secret?: PrivateListenerOptions) {
  const answer = gate();
  const handler: NodeRequestHandler = async (request, response) => {
    if (request.url === "/begun") begin(response);
    if (request.url !== "/at-once") await answer.opened;
    response.end(request.url === "/at-once" ? "at once" : "answer");
  };
  return { answer, server: await startNodeServer({ handler, ...(secret && { private: secret }) }) };
}

function begin(response: Parameters<NodeRequestHandler>[1]): void {
  response.writeHead(200);
  if (response instanceof ServerResponse) response.write("begun");
}

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttp1Server, type IncomingMessage } from "node:http";
import {
  type ClientHttp2Session,
  type ClientSessionOptions,
  type Http2ServerRequest,
  connect as http2Connect,
} from "node:http2";
import { connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createClient,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, connectTo, serve } from "../../test/support/context-chat.js";
import { deferred, until } from "../../test/support/context-observe.js";
import { liveCalls } from "../call/call.js";
import { transportKey } from "../call/transport.js";
import { type CallInfo, serverInterceptor } from "../index.js";
import { nodeContextValues } from "./index.js";

const key = createContextKey("default");

/** What the kit and a handler learn of a call; the client's port is left out when it is right. */
function looking() {
  const seen: unknown[] = [];
  let call: CallInfo | undefined;
  const routes = (router: { service: (service: typeof ChatService, chat: Chat) => unknown }) =>
    router.service(ChatService, {
      say(_request, context: HandlerContext) {
        const transport = context.values.get(transportKey);
        seen.push({
          peer: withoutPort(call?.peer),
          same: call?.peer === transport?.peer,
          http: transport?.httpVersion,
          closed: transport?.closed,
          reset: transport?.resetCode,
          own: context.values.get(key),
        });
        return {};
      },
    });
  const interceptors = [
    serverInterceptor({
      log: false,
      observers: [
        (info) => {
          call = info;
        },
      ],
    }),
  ];
  return { seen, options: { routes, interceptors } };
}

function withoutPort(peer: string | undefined): string | undefined {
  return peer?.replace(/:[1-9]\d{2,4}$/, ":port");
}

const open = { same: true, closed: false, reset: 0, own: "default" };

describe("nodeContextValues", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1:port"],
    ["::1", "[::1]:port"],
  ])("tells peer and HTTP version: %s", async (host, peer) => {
    const { seen, options } = looking();
    const http2 = await serve(options, "2", { host });
    const http1 = await serve(options, "1.1", { host });
    await sayOverHttp2(http2.url);
    await createClient(ChatService, connectTo(http1.url, "Connect over HTTP/1.1")).say({});
    expect(seen).toEqual([
      { ...open, peer, http: "2.0" },
      { ...open, peer, http: "1.1" },
    ]);
  });

  it("tells HTTP/1.0", async () => {
    const { seen, options } = looking();
    const { url } = await serve(options, "1.1");
    const socket = netConnect(Number(new URL(url).port), "127.0.0.1");
    const request = [
      "POST /chat.v1.ChatService/Say HTTP/1.0",
      "Host: localhost",
      "Content-Type: application/json",
      "Content-Length: 2",
    ];
    const answer = deferred<string>();
    socket.once("data", (data) => answer.resolve(data.toString()));
    socket.write(`${request.join("\r\n")}\r\n\r\n{}`);
    expect((await answer.promise).split("\r\n")[0]).toBe("HTTP/1.1 200 OK");
    socket.destroy();
    expect(seen).toEqual([{ ...open, peer: "127.0.0.1:port", http: "1.0" }]);
  });

  it("has no peer on a Unix socket", async () => {
    const folder = await mkdtemp(join(tmpdir(), "context-values-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { seen, options } = looking();
    const [path1, path2] = [join(folder, "1"), join(folder, "2")];
    await serve(options, "2", { path: path2 });
    await serve(options, "1.1", { path: path1 });
    await sayOverHttp2("http://localhost", { createConnection: () => netConnect(path2) });
    await createClient(
      ChatService,
      createConnectTransport({
        baseUrl: "http://localhost",
        httpVersion: "1.1",
        nodeOptions: { socketPath: path1 },
      }),
    ).say({});
    expect(seen).toEqual([
      { ...open, peer: undefined, http: "2.0" },
      { ...open, peer: undefined, http: "1.1" },
    ]);
  });

  it.each(["1.1", "2"] as const)("keeps the values that it is given: HTTP/%s", async (version) => {
    const { seen, options } = looking();
    const given: unknown[] = [];
    const contextValues = (request: IncomingMessage | Http2ServerRequest) => {
      const own = createContextValues().set(key, `of ${request.method}`);
      const values = nodeContextValues(request, own);
      given.push(values === own);
      return values;
    };
    const { url } = await serve({ ...options, contextValues }, version);
    const way = version === "2" ? "gRPC" : "Connect over HTTP/1.1";
    await createClient(ChatService, connectTo(url, way)).say({});
    expect(given).toEqual([true]);
    expect(seen).toEqual([
      {
        ...open,
        peer: "127.0.0.1:port",
        http: version === "2" ? "2.0" : "1.1",
        own: "of POST",
      },
    ]);
  });

  it.each(["HTTP/2 session", "HTTP/1.1 connection"])(
    "can be asked for the peer when the %s is gone",
    async (what) => {
      const peers: unknown[] = [];
      const started = deferred();
      const connections: { destroy(): void }[] = [];
      const { url } = await serve(
        {
          interceptors: [
            serverInterceptor({
              log: false,
              observers: [
                (call) => ({
                  onEnd: ({ type }) => void peers.push([type, withoutPort(call.peer)]),
                }),
              ],
            }),
          ],
          routes: (router) =>
            router.service(ChatService, {
              async *countdown({ from }, context) {
                yield { n: from };
                started.resolve();
                await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
              },
            }),
        },
        what.startsWith("HTTP/2") ? "2" : "1.1",
      );
      const controller = new AbortController();
      if (what.startsWith("HTTP/2")) {
        const session: ClientHttp2Session = http2Connect(url);
        connections.push(session);
        const stream = session.request({
          ":method": "POST",
          ":path": "/chat.v1.ChatService/Countdown",
          "content-type": "application/grpc",
        });
        stream.on("error", () => {});
        stream.end(Buffer.from([0, 0, 0, 0, 0]));
      } else {
        const client = createClient(ChatService, connectTo(url, "Connect over HTTP/1.1"));
        for await (const _ of client.countdown({}, { signal: controller.signal })) break;
      }
      await started.promise;
      for (const connection of connections) connection.destroy();
      controller.abort();
      await until(() => peers.length > 0 && liveCalls.size === 0);
      expect(peers).toEqual([["canceled", "127.0.0.1:port"]]);
    },
  );
});

describe("the transport that a call knows", () => {
  it("says when and how an HTTP/2 stream has closed", async () => {
    const { url } = await serve({
      routes: (router) =>
        router.service(ChatService, {
          async *chat(requests, context) {
            const transport = context.values.get(transportKey);
            const before = [transport?.closed, transport?.resetCode];
            for await (const _ of requests) yield {};
            transport?.onClose(() => {
              const late: string[] = [];
              transport.onClose(() => late.push("at once"));
              closed.resolve([before, transport.closed, transport.resetCode, late]);
            });
          },
        }),
    });
    const closed = deferred<unknown>();
    const controller = new AbortController();
    const client = createClient(ChatService, connectTo(url, "gRPC"));
    const responses = client.chat(forever(), { signal: controller.signal })[Symbol.asyncIterator]();
    await responses.next();
    controller.abort();
    expect(await closed.promise).toEqual([[false, 0], true, 8, ["at once"]]);
  });

  it("says when an HTTP/1.1 connection has closed", async () => {
    const closed = deferred<unknown>();
    const server = createHttp1Server((request, response) => {
      const transport = nodeContextValues(request).get(transportKey);
      const before = transport?.closed;
      transport?.onClose(() => {
        const late: string[] = [];
        transport.onClose(() => late.push("at once"));
        closed.resolve([before, transport.closed, transport.resetCode, late]);
      });
      response.writeHead(200).write("begun");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const socket = netConnect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.once("data", () => socket.destroy());
    expect(await closed.promise).toEqual([false, true, 0, ["at once"]]);
  });

  it("is absent in memory and behind other adapters: the call goes on without a peer", async () => {
    const peers: unknown[] = [];
    const { url } = await serve({
      contextValues: () => createContextValues(),
      interceptors: [serverInterceptor({ log: false, observers: [(call) => void peers.push(call.peer)] })],
      routes: (router) => router.service(ChatService, { say: () => ({}) }),
    });
    await createClient(ChatService, connectTo(url, "gRPC")).say({});
    expect(peers).toEqual([undefined]);
  });
});

/** Calls `Say` by hand: Node's HTTP/2 client writes an IPv6 authority without its brackets, which Connect can't read. */
async function sayOverHttp2(url: string, options: ClientSessionOptions = {}): Promise<void> {
  const session = http2Connect(url, options);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":authority": new URL(url).host,
    ":path": "/chat.v1.ChatService/Say",
    "content-type": "application/json",
  });
  stream.end("{}");
  const [headers] = await once(stream, "response");
  expect(headers[":status"]).toBe(200);
}

async function* forever() {
  yield { text: "a" };
  await new Promise(() => {});
}

import { setMaxListeners } from "node:events";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { Server, Socket } from "node:net";
import {
  type Client,
  type ConnectRouter,
  createClient,
  createRouterTransport,
  type Interceptor,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import {
  type ConnectNodeAdapterOptions,
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { nodeContextValues } from "../../src/node/index.js";

/** Handlers of a test's own; the others answer `unimplemented`. */
export type Chat = Partial<ServiceImpl<typeof ChatService>>;

/** How client and server talk to each other. */
export type Way = "gRPC" | "Connect over HTTP/2" | "Connect over HTTP/1.1" | "in memory";

/** The ways that carry all four kinds of RPC. */
export const ways: readonly Way[] = ["gRPC", "Connect over HTTP/2", "in memory"];

/** The interceptors of a test's two sides; none by default. */
export interface Interceptors {
  readonly server?: readonly Interceptor[];
  readonly client?: readonly Interceptor[];
}

/** A client of handlers that are served for the length of the test. */
export async function chatOver(
  way: Way,
  chat: Chat,
  interceptors: Interceptors = {},
): Promise<{ client: Client<typeof ChatService>; shutdown: (reason: unknown) => void }> {
  const routes = (router: ConnectRouter) => router.service(ChatService, chat);
  if (way === "in memory") {
    const controller = shutdownController();
    const transport = createRouterTransport(routes, {
      router: { interceptors: [...(interceptors.server ?? [])], shutdownSignal: controller.signal },
      transport: { interceptors: [...(interceptors.client ?? [])] },
    });
    return { client: createClient(ChatService, transport), shutdown: (reason) => controller.abort(reason) };
  }
  const server = await serve(
    { routes, interceptors: [...(interceptors.server ?? [])] },
    way === "Connect over HTTP/1.1" ? "1.1" : "2",
  );
  const transport = connectTo(server.url, way, interceptors.client);
  return { client: createClient(ChatService, transport), shutdown: server.shutdown };
}

/** A server for the length of the test. */
export async function serve(
  options: ConnectNodeAdapterOptions,
  httpVersion: "1.1" | "2" = "2",
  listen: { readonly host: string } | { readonly path: string } = { host: "127.0.0.1" },
): Promise<{ url: string; shutdown: (reason: unknown) => void }> {
  const controller = shutdownController();
  const handler = connectNodeAdapter({
    contextValues: nodeContextValues,
    shutdownSignal: controller.signal,
    ...options,
  });
  const server = httpVersion === "2" ? createHttp2Server(handler) : createHttp1Server(handler);
  const drop = connectionsOf(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen("path" in listen ? listen : { port: 0, ...listen }, resolve);
  });
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    drop();
    await closed;
  });
  return { url: urlOf(server, listen), shutdown: (reason) => controller.abort(reason) };
}

/** A transport for the length of the test. */
export function connectTo(
  baseUrl: string,
  way: Exclude<Way, "in memory">,
  interceptors: readonly Interceptor[] = [],
): Transport {
  const common = { baseUrl, interceptors: [...interceptors] };
  if (way === "Connect over HTTP/1.1") return createConnectTransport({ ...common, httpVersion: "1.1" });
  const sessionManager = new Http2SessionManager(baseUrl);
  onTestFinished(() => sessionManager.abort());
  if (way === "gRPC") return createGrpcTransport({ ...common, sessionManager });
  return createConnectTransport({ ...common, httpVersion: "2", sessionManager });
}

/** Connect has every call listen to the one shutdown signal: more than ten at a time are no leak. */
function shutdownController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Remembers a server's connections, so that they can be dropped. */
function connectionsOf(server: Server): () => void {
  const open = new Set<Socket | ServerHttp2Session>();
  const remember = (connection: Socket | ServerHttp2Session) => {
    open.add(connection);
    connection.once("close", () => open.delete(connection));
  };
  server.on("connection", remember);
  server.on("session", remember);
  return () => {
    for (const connection of open) connection.destroy();
  };
}

function urlOf(server: Server, listen: { readonly host: string } | { readonly path: string }): string {
  const address = server.address();
  if (typeof address !== "object" || address === null || !("host" in listen)) return "http://localhost";
  return `http://${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${address.port}`;
}

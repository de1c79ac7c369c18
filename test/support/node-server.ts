import { connect as netConnect, type Socket } from "node:net";
import {
  type Client,
  type ConnectRouter,
  createClient,
  type Interceptor,
  type ServiceImpl,
} from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import {
  createNodeServer,
  type NodeRequestHandler,
  type NodeServer,
  type NodeServerOptions,
  nodeContextValues,
} from "connect-clue/node";
import { onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { testCertificate } from "./tls.js";

/** A server of the kit for the length of the test, on a free port of 127.0.0.1. */
export async function startNodeServer(options: Partial<NodeServerOptions> = {}): Promise<NodeServer> {
  const server = await createNodeServer({ handler: saying, port: 0, host: "127.0.0.1", ...options });
  onTestFinished(async () => {
    server.destroy();
    await server.close();
  });
  return server;
}

/** The chat service with handlers of a test's own. */
export function chatHandler(
  chat: Partial<ServiceImpl<typeof ChatService>>,
  interceptors: Interceptor[] = [],
): NodeRequestHandler {
  const routes = (router: ConnectRouter) => router.service(ChatService, chat);
  return connectNodeAdapter({ routes, interceptors, contextValues: nodeContextValues });
}

const saying = chatHandler({ say: ({ text }) => ({ text: `you said: ${text}` }) });

/** How Connect's clients talk to a server. */
export type ClientWay = "gRPC" | "gRPC-Web" | "Connect over HTTP/2" | "Connect over HTTP/1.1";

/** A client with a connection of its own, for the length of the test. */
export function chatClient(baseUrl: string, way: ClientWay): Client<typeof ChatService> {
  const nodeOptions = { ca: testCertificate };
  if (way === "Connect over HTTP/1.1") {
    return createClient(ChatService, createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions }));
  }
  const sessionManager = new Http2SessionManager(baseUrl, {}, nodeOptions);
  onTestFinished(() => sessionManager.abort());
  const options = { baseUrl, httpVersion: "2", sessionManager } as const;
  if (way === "gRPC") return createClient(ChatService, createGrpcTransport(options));
  if (way === "gRPC-Web") return createClient(ChatService, createGrpcWebTransport(options));
  return createClient(ChatService, createConnectTransport(options));
}

/** A connection by hand. */
export interface RawConnection {
  readonly socket: Socket;
  /** All that has come until now. */
  text(): string;
  /** All that has come when the connection is closed, by whom and however. */
  readonly closed: Promise<string>;
}

/** Connects to a port, for the length of the test. */
export function rawConnection(
  port: number,
  first: string | Uint8Array = "",
  host = "127.0.0.1",
): RawConnection {
  return rawSocket(netConnect(port, host), first);
}

/** Takes a connection in hand, for the length of the test. */
export function rawSocket(socket: Socket, first: string | Uint8Array = ""): RawConnection {
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => {});
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  if (first.length > 0) socket.write(first);
  return { socket, text: () => text, closed };
}

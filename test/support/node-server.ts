import { connect as netConnect, type Socket } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type Client,
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  type Interceptor,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { credentials, Client as GrpcJsClient, type ServiceError, status } from "@grpc/grpc-js";
import {
  createNodeServer,
  type NodeRequestHandler,
  type NodeServer,
  type NodeServerOptions,
  nodeContextValues,
} from "connect-clue/node";
import { onTestFinished } from "vitest";
import { ChatService, SayRequestSchema, SayResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
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
  return createClient(ChatService, transportTo(baseUrl, way));
}

/** A transport with a connection of its own, for the length of the test. */
export function transportTo(baseUrl: string, way: ClientWay, interceptors: Interceptor[] = []): Transport {
  const nodeOptions = { ca: testCertificate };
  if (way === "Connect over HTTP/1.1") {
    return createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions, interceptors });
  }
  const sessionManager = new Http2SessionManager(baseUrl, {}, nodeOptions);
  onTestFinished(() => sessionManager.abort());
  const options = { baseUrl, httpVersion: "2", sessionManager, interceptors } as const;
  if (way === "gRPC") return createGrpcTransport(options);
  if (way === "gRPC-Web") return createGrpcWebTransport(options);
  return createConnectTransport(options);
}

/** Makes a call of `Say`, and gives the text of its answer. */
export type Say = (text: string) => Promise<string>;

/** `Say` by a client of Connect. */
export function sayOf(client: Client<typeof ChatService>): Say {
  return async (text) => (await client.say({ text })).text;
}

/** `Say` by grpc-js, with a connection of its own, for the length of the test. */
export function grpcJsSay(url: string): Say {
  const client = new GrpcJsClient(new URL(url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  return (text) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        "/chat.v1.ChatService/Say",
        (request: string) =>
          Buffer.from(toBinary(SayRequestSchema, create(SayRequestSchema, { text: request }))),
        (bytes) => fromBinary(SayResponseSchema, bytes).text,
        text,
        (error, answer) => (error ? reject(error) : resolve(answer ?? "")),
      );
    });
}

/**
 * Whether a call was never accepted: no connection any more, or a stream that Node's client has not sent after all, since it
 * learned of the end in the meantime. Of an error of Connect's client or of grpc-js.
 */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return (error as ServiceError).code === status.UNAVAILABLE;
  return error.code === Code.Unavailable || error.rawMessage.endsWith("NGHTTP2_REFUSED_STREAM");
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

import { setMaxListeners } from "node:events";
import { createServer as createHttp2Server, type Settings } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { type Client, createClient } from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { type RpcProtocol, serverInterceptor } from "connect-clue";
import { type Checker, healthHandler, healthRoutes } from "connect-clue/health";
import { nodeContextValues } from "connect-clue/node";
import { type TestLogger, testLogger } from "connect-clue/testing";
import { onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { expectNothingInFlight } from "./nothing-in-flight.js";

/** A server with health and a chat that implements nothing, over HTTP/2. */
export interface HealthServer {
  readonly url: string;
  /** `address:port`. */
  readonly authority: string;
  /** The server's shutdown signal. */
  readonly shutdown: AbortController;
  /** What the server's interceptor logs. */
  readonly log: TestLogger;
  /** A client on a connection of its own. */
  client(protocol?: RpcProtocol, settings?: Settings): HealthClient;
}

/** A client, and the end of its connection. */
export interface HealthClient extends Client<typeof Health> {
  disconnect(): void;
}

/** Serves the checker until the test is over. Afterwards nothing may be in flight. */
export async function startHealth(checker: Checker): Promise<HealthServer> {
  const log = testLogger();
  const shutdown = new AbortController();
  // Connect listens to it for each call: a thousand are no leak.
  setMaxListeners(0, shutdown.signal);
  const server = createHttp2Server(
    connectNodeAdapter({
      contextValues: nodeContextValues,
      fallback: healthHandler(checker),
      interceptors: [serverInterceptor({ logger: log })],
      routes: (router) => healthRoutes(checker)(router.service(ChatService, {})),
      shutdownSignal: shutdown.signal,
    }),
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `http://${authority}`;
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
    await expectNothingInFlight();
  });
  return { url, authority, shutdown, log, client: (protocol, settings) => connect(url, protocol, settings) };
}

function connect(baseUrl: string, protocol: RpcProtocol = "grpc", settings: Settings = {}): HealthClient {
  const sessionManager = new Http2SessionManager(baseUrl, {}, { settings });
  const options = { httpVersion: "2", baseUrl, sessionManager } as const;
  const transports = {
    connect: createConnectTransport,
    grpc: createGrpcTransport,
    "grpc-web": createGrpcWebTransport,
  };
  const disconnect = () => sessionManager.abort();
  onTestFinished(disconnect);
  return Object.assign(createClient(Health, transports[protocol](options)), { disconnect });
}

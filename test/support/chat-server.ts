import { Agent, createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Client, Transport } from "@connectrpc/connect";
import {
  type ConnectRouter,
  createClient,
  createRouterTransport,
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
  clientInterceptor,
  type InterceptorOptions,
  type RpcProtocol,
  serverInterceptor,
} from "connect-clue";
import { nodeContextValues } from "connect-clue/node";
import { type TestLogger, testLogger } from "connect-clue/testing";
import { onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { isInstalled } from "./installed.js";
import { expectNothingInFlight } from "./nothing-in-flight.js";
import { Recorder } from "./recorder.js";
import { until } from "./until.js";

/** Handlers of a test's own. A method that is left out is unimplemented. */
export type ChatHandlers = Partial<ServiceImpl<typeof ChatService>>;

export interface ChatOptions {
  /** In memory there is no HTTP; and Connect is the only protocol. Default `2`. */
  readonly http?: "memory" | "1.1" | "2";
  /** Default: gRPC over HTTP/2, else Connect. */
  readonly protocol?: RpcProtocol;
  /** Whether messages go as JSON; over HTTP, by Connect. Default false. */
  readonly json?: boolean;
  /** Interceptors around the kit's, on the server. */
  readonly outer?: readonly Interceptor[];
  readonly inner?: readonly Interceptor[];
  /** False leaves the kit out on both sides: what Connect does without it. Default true. */
  readonly observed?: boolean;
  /** False leaves `nodeContextValues` out. Default true. */
  readonly nodeContext?: boolean;
  /** How large a message the server takes. */
  readonly readMaxBytes?: number;
  /** More options of the kit's interceptors: `trace`, `metrics`, `force`. */
  readonly serverOptions?: InterceptorOptions;
  readonly clientOptions?: InterceptorOptions;
}

/** A chat service and a client of it, both observed; closed when the test is over. */
export interface Chat {
  readonly client: Client<typeof ChatService>;
  readonly server: Side;
  readonly clientSide: Side;
  /** The server's shutdown signal. */
  readonly shutdown: AbortController;
  /** Where the server is; empty in memory. */
  readonly url: string;
  /** Breaks all connections, from the client's side. */
  disconnect(): void;
}

/** What one side was seen to do. */
export class Side extends Recorder {
  readonly log: TestLogger = testLogger();
}

/** Starts a chat service and makes a client of it. Afterwards, nothing may be in flight on either side. */
export async function startChat(handlers: ChatHandlers, options: ChatOptions = {}): Promise<Chat> {
  const server = new Side();
  const clientSide = new Side();
  const shutdown = new AbortController();
  const { observed = true, outer = [], inner = [] } = options;
  const serverInterceptors = observed
    ? [...outer, observing(serverInterceptor, server, options.serverOptions), ...inner]
    : [...outer, ...inner];
  const clientInterceptors = observed
    ? [observing(clientInterceptor, clientSide, options.clientOptions)]
    : [];
  const routes = (router: ConnectRouter) => router.service(ChatService, handlers);
  const common = { server, clientSide, shutdown };

  if (options.http === "memory") {
    const transport = createRouterTransport(routes, {
      router: { interceptors: serverInterceptors, shutdownSignal: shutdown.signal },
      transport: { interceptors: clientInterceptors },
    });
    onTestFinished(() => expectNothingInFlight(server, clientSide));
    return { ...common, client: createClient(ChatService, transport), url: "", disconnect: () => {} };
  }
  const adapter = connectNodeAdapter({
    routes,
    interceptors: serverInterceptors,
    shutdownSignal: shutdown.signal,
    ...(options.nodeContext === false ? {} : { contextValues: nodeContextValues }),
    ...(options.readMaxBytes === undefined ? {} : { readMaxBytes: options.readMaxBytes }),
  });
  const http2 = options.http !== "1.1";
  const { url, close } = await listen(http2 ? createHttp2Server(adapter) : createHttp1Server(adapter));
  const connection = http2 ? http2Connection(url) : http1Connection();
  const transport = connection.transport(
    options.protocol ?? (http2 ? "grpc" : "connect"),
    url,
    clientInterceptors,
    options.json !== true,
  );
  onTestFinished(async () => {
    connection.disconnect();
    await close();
    await expectNothingInFlight(server, clientSide);
  });
  return { ...common, client: createClient(ChatService, transport), url, disconnect: connection.disconnect };
}

/** A stream of requests, given all at once or one by one. */
export async function* requests<T>(...messages: readonly (T | Promise<T>)[]): AsyncGenerator<T> {
  for (const message of messages) yield await message;
}

/** A client's request stream that sends one message and stays open: see {@link staysOpen}. */
export async function* openRequests<T>(message: T, options: ChatOptions, server: Side): AsyncGenerator<T> {
  yield message;
  await staysOpen(options, server);
}

/**
 * How long a request stream stays open that a client never ends: for ever. Over HTTP/1.1, a server of Connect 2.3 reads
 * a request to its end before it answers: there, until the server's call has ended.
 */
export async function staysOpen({ http }: ChatOptions, server: Side): Promise<void> {
  if (http !== "1.1" || !isInstalled("@connectrpc/connect-node", 2, 3)) await new Promise<never>(() => {});
  await until(() => server.calls.at(-1)?.outcome !== undefined);
}

function observing(
  interceptor: typeof serverInterceptor,
  side: Side,
  options: InterceptorOptions = {},
): Interceptor {
  return interceptor({ logger: side.log, observers: [side.observe], ...options });
}

interface Connection {
  transport(
    protocol: RpcProtocol,
    baseUrl: string,
    interceptors: Interceptor[],
    useBinaryFormat: boolean,
  ): Transport;
  disconnect(): void;
}

function http2Connection(url: string): Connection {
  const sessionManager = new Http2SessionManager(url);
  return {
    transport(protocol, baseUrl, interceptors, useBinaryFormat) {
      const options = { httpVersion: "2", baseUrl, sessionManager, interceptors, useBinaryFormat } as const;
      if (protocol === "grpc") return createGrpcTransport({ baseUrl, sessionManager, interceptors });
      return protocol === "connect" ? createConnectTransport(options) : createGrpcWebTransport(options);
    },
    disconnect: () => sessionManager.abort(),
  };
}

function http1Connection(): Connection {
  const agent = new Agent({ keepAlive: true });
  return {
    transport(protocol, baseUrl, interceptors, useBinaryFormat) {
      const nodeOptions = { agent };
      const options = { httpVersion: "1.1", baseUrl, nodeOptions, interceptors, useBinaryFormat } as const;
      if (protocol === "grpc") throw new Error("gRPC needs HTTP/2");
      return protocol === "connect" ? createConnectTransport(options) : createGrpcWebTransport(options);
    },
    disconnect: () => agent.destroy(),
  };
}

async function listen(server: Server): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type Interceptor,
  type ServiceImpl,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createNodeServer } from "connect-clue/node";
import { onTestFinished } from "vitest";
import { DebugService } from "../../gen/clue/debug/v1/debug_pb.js";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { testCertificate, testKey } from "./tls.js";

/** A server with services that a test scripts. */
export interface FakeServer {
  readonly url: string;
  readonly port: number;
  /** The requests that came, oldest first. */
  readonly requests: FakeRequest[];
  /** Ends the server and all its connections at once. */
  destroy(): Promise<void>;
}

/** A request that came. */
export interface FakeRequest {
  readonly method: string;
  readonly message: MessageShape<DescMessage>;
  readonly protocol: string;
  readonly authorization: string | null;
}

/** What a scripted server is like. */
export interface FakeServerOptions {
  readonly debug?: Partial<ServiceImpl<typeof DebugService>>;
  readonly health?: Partial<ServiceImpl<typeof Health>>;
  /** Which HTTP it speaks. Default: both versions on one port, without TLS. */
  readonly http?: keyof typeof servers;
  /** Calls without it are refused. Default: none is needed. */
  readonly token?: string;
}

/** Serves what a test scripts, for the length of the test. */
export async function startFake(options: FakeServerOptions): Promise<FakeServer> {
  const { debug, health, http = "1.1 and 2", token } = options;
  const requests: FakeRequest[] = [];
  const handler = connectNodeAdapter({
    interceptors: [recording(requests), ...(token === undefined ? [] : [refusing(token)])],
    routes(router: ConnectRouter) {
      if (debug) router.service(DebugService, debug);
      if (health) router.service(Health, health);
    },
  });
  const { port, destroy } = await servers[http](handler);
  onTestFinished(destroy);
  return { url: `${http.startsWith("TLS") ? "https" : "http"}://127.0.0.1:${port}`, port, requests, destroy };
}

type Handler = ReturnType<typeof connectNodeAdapter>;
interface Listening {
  readonly port: number;
  destroy(): Promise<void>;
}

const tls = { cert: testCertificate, key: testKey };
const servers = {
  "1.1 and 2": async (handler: Handler): Promise<Listening> => {
    const server = await createNodeServer({ handler, host: "127.0.0.1", port: 0 });
    const destroy = async () => {
      server.destroy();
      await server.close();
    };
    return { port: Number(new URL(server.url).port), destroy };
  },
  "1.1": (handler: Handler) => listen(createHttp1Server(handler)),
  "2": (handler: Handler) => listen(createHttp2Server(handler)),
  "TLS 1.1 and 2": (handler: Handler) => listen(createSecureServer({ ...tls, allowHTTP1: true }, handler)),
  "TLS 1.1": (handler: Handler) => listen(createHttpsServer(tls, handler)),
} as const;

/** Any server of Node's on a free port. */
export async function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const destroy = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, destroy };
}

function recording(requests: FakeRequest[]): Interceptor {
  return (next) => async (request) => {
    const { method, header } = request;
    const authorization = header.get("authorization");
    const record = (message: MessageShape<DescMessage>) => {
      requests.push({
        method: method.name,
        protocol: header.get("content-type") ?? "",
        authorization,
        message,
      });
    };
    if (!request.stream) record(request.message);
    return await next(request.stream ? { ...request, message: tapped(request.message, record) } : request);
  };
}

async function* tapped<T>(messages: AsyncIterable<T>, see: (message: T) => void): AsyncIterable<T> {
  for await (const message of messages) {
    see(message);
    yield message;
  }
}

function refusing(token: string): Interceptor {
  return (next) => async (request) => {
    if (request.header.get("authorization") === `Bearer ${token}`) return await next(request);
    throw new ConnectError("the token is wrong or missing", Code.PermissionDenied);
  };
}

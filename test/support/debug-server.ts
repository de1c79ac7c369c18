import {
  type Client,
  type ConnectRouter,
  createClient,
  type Interceptor,
  type ServiceImpl,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type InterceptorOptions, type RootLogger, serverInterceptor } from "connect-clue";
import { bearerToken, type DebugOptions, DebugService, debugRoutes } from "connect-clue/debug";
import { nodeContextValues } from "connect-clue/node";
import { type LogLine, testLogger } from "connect-clue/testing";
import { onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { debugRules } from "../../src/call/debug-rules.js";
import type { HttpHandler } from "../../src/call/http-handler.js";
import { type ClientWay, startNodeServer, transportTo } from "./node-server.js";

/** The token of the debug services of the tests. */
export const debugToken = "a token of a test";

/** A real server with the chat service and the debug service, and the log that a test reads. */
export interface DebugServer {
  readonly url: string;
  /** Of its private listener. */
  readonly privateUrl: string;
  readonly log: RootLogger;
  /** The lines so far. */
  lines(): readonly LogLine[];
  /** Level and message of the lines so far: `info start`. */
  story(): string[];
  chat(way?: ClientWay): Client<typeof ChatService>;
  /** A client of the debug service; it sends the token unless another one, or none, is named. */
  debug(options?: DebugClientOptions): Client<typeof DebugService>;
}

export interface DebugClientOptions {
  readonly way?: ClientWay;
  readonly token?: string | undefined;
  readonly isPrivate?: boolean;
}

export interface DebugServerOptions {
  readonly chat?: Partial<ServiceImpl<typeof ChatService>>;
  /** Default: the token lets in. */
  readonly debug?: DebugOptions;
  readonly interceptor?: InterceptorOptions;
  readonly fallback?: (log: RootLogger) => HttpHandler;
}

/** Starts one for the length of a test. The process's debug rules are gone after it. */
export async function startDebugServer(options: DebugServerOptions = {}): Promise<DebugServer> {
  const log = testLogger();
  const { debug = { authorize: bearerToken(debugToken) }, fallback } = options;
  const handler = connectNodeAdapter({
    interceptors: [serverInterceptor({ logger: log, ...options.interceptor })],
    contextValues: nodeContextValues,
    ...(fallback && { fallback: fallback(log) }),
    routes(router: ConnectRouter) {
      router.service(ChatService, options.chat ?? {});
      debugRoutes({ logger: log, ...debug })(router);
    },
  });
  onTestFinished(() => debugRules.clear());
  const server = await startNodeServer({ handler, private: { port: 0 } });
  const lines = () => log.lines();
  return {
    url: server.url,
    privateUrl: server.privateListener?.url ?? "",
    log,
    lines,
    story: () => lines().map(({ level, msg }) => `${level} ${msg}`),
    chat: (way = "gRPC") => createClient(ChatService, transportTo(server.url, way)),
    debug({ way = "Connect over HTTP/1.1", isPrivate = false, ...rest } = {}) {
      const token = "token" in rest ? rest.token : debugToken;
      const url = isPrivate ? (server.privateListener?.url ?? "") : server.url;
      return createClient(DebugService, transportTo(url, way, token === undefined ? [] : [withToken(token)]));
    },
  };
}

/** Sends a token with every call. */
export function withToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

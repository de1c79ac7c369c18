import { setMaxListeners } from "node:events";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { payloadLog, type RootLogger, serverInterceptor, type TraceOptions } from "connect-clue";
import { type Authorize, bearerToken, debugHandler, debugRoutes, pprofHandler } from "connect-clue/debug";
import { createChecker, type Dependency, healthHandler, healthRoutes } from "connect-clue/health";
import { chain, createNodeServer, type DrainOptions, drain, nodeContextValues } from "connect-clue/node";
import { reflectionRoutes } from "connect-clue/reflection";
import { chatService } from "./chat-service.js";
import { ChatService } from "./gen/chat/v1/chat_pb.js";

/** A running server of the chat service. */
export interface ChatServer {
  /** `http://host:port`. */
  readonly url: string;
  /** What `drainOnSignals` needs to know of it. */
  readonly draining: Pick<DrainOptions, "server" | "shutdown" | "checker">;
  /** Ends streams with `unavailable`, gives other calls a second to finish, and closes the port. */
  stop(): Promise<void>;
}

/** Options of {@link startChatServer}. */
export interface ChatServerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly log: RootLogger;
  /** What the service needs to do its work. Default: nothing. */
  readonly dependencies?: readonly Dependency[];
  /** Opens the debug service. Without it there is none. */
  readonly debugToken?: string | undefined;
  /** Another implementation of the service. */
  readonly service?: Partial<ServiceImpl<typeof ChatService>>;
  /** How calls are traced; as the kit does it by default. */
  readonly trace?: TraceOptions;
}

/**
 * Serves the chat service, and with it health, reflection, debug and the HTTP twins, on one port: gRPC, gRPC-Web and Connect over
 * HTTP/1.1 and HTTP/2.
 *
 * @throws Error when the port can't be had
 */
export async function startChatServer(options: ChatServerOptions): Promise<ChatServer> {
  const { host, port, log: logger, service = chatService, dependencies = [], trace = {} } = options;
  const authorize = options.debugToken ? bearerToken(options.debugToken) : undefined;
  const checker = createChecker({
    version,
    dependencies,
    timeoutMs: 1000,
    cacheMs: 200,
    intervalMs: 500,
    logger,
  });
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal); // every call in flight listens to it
  const handler = connectNodeAdapter({
    interceptors: [serverInterceptor({ logger, trace, payloads: payloadLog() })],
    contextValues: nodeContextValues,
    shutdownSignal: shutdown.signal,
    fallback: chain(healthHandler(checker), ...(authorize ? debugHandlers(authorize, logger) : [])),
    routes(router) {
      router.service(ChatService, service);
      healthRoutes(checker)(router);
      if (authorize) debugRoutes({ authorize, logger })(router);
      reflectionRoutes("all")(router);
    },
  });
  const server = await createNodeServer({ handler, host, port });
  const draining = { server, shutdown, checker };
  return {
    url: server.url,
    draining,
    async stop() {
      await drain({ ...draining, logger, noticeAfterMs: 0, graceMs: 1000 });
    },
  };
}

/** `/debug` and `/debug/pprof/…`, for curl and `go tool pprof`. */
function debugHandlers(authorize: Authorize, logger: RootLogger) {
  return [debugHandler({ authorize, logger }), pprofHandler({ authorize, logger })];
}

/** What health answers say that runs here. */
const version = "1.0.0";

import { setMaxListeners } from "node:events";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type RootLogger, serverInterceptor, type TraceOptions } from "connect-clue";
import { createChecker, type Dependency, healthHandler, healthRoutes } from "connect-clue/health";
import { createNodeServer, type DrainOptions, drain, nodeContextValues } from "connect-clue/node";
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
  /** Another implementation of the service. */
  readonly service?: Partial<ServiceImpl<typeof ChatService>>;
  /** How calls are traced; as the kit does it by default. */
  readonly trace?: TraceOptions;
}

/**
 * Serves the chat service, and with it health, reflection and the HTTP twins, on one port: gRPC, gRPC-Web and Connect over
 * HTTP/1.1 and HTTP/2.
 *
 * @throws Error when the port can't be had
 */
export async function startChatServer(options: ChatServerOptions): Promise<ChatServer> {
  const { host, port, log: logger, service = chatService, dependencies = [], trace = {} } = options;
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
    interceptors: [serverInterceptor({ logger, trace })],
    contextValues: nodeContextValues,
    shutdownSignal: shutdown.signal,
    fallback: healthHandler(checker),
    routes(router) {
      router.service(ChatService, service);
      healthRoutes(checker)(router);
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

/** What health answers say that runs here. */
const version = "1.0.0";

import { setMaxListeners } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type RootLogger, serverInterceptor, type TraceOptions } from "connect-clue";
import { nodeContextValues } from "connect-clue/node";
import { chatService } from "./chat-service.js";
import { ChatService } from "./gen/chat/v1/chat_pb.js";

/** A running server of the chat service. */
export interface ChatServer {
  /** `http://host:port`. */
  readonly url: string;
  /** Ends streams with `unavailable`, gives other calls a second to finish, and closes the port. */
  stop(): Promise<void>;
}

/**
 * Serves the chat service over HTTP/2 cleartext with gRPC, gRPC-Web and Connect.
 *
 * @param options.port - 0 for any that is free
 * @param options.service - another implementation of the service
 * @param options.trace - how calls are traced; as the kit does it by default
 * @throws Error when the port can't be had
 */
export async function startChatServer(options: {
  readonly host: string;
  readonly port: number;
  readonly log: RootLogger;
  readonly service?: Partial<ServiceImpl<typeof ChatService>>;
  readonly trace?: TraceOptions;
}): Promise<ChatServer> {
  const { log: logger, service = chatService, trace = {} } = options;
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal); // every call in flight listens to it
  const handler = connectNodeAdapter({
    interceptors: [serverInterceptor({ logger, trace })],
    contextValues: nodeContextValues,
    shutdownSignal: shutdown.signal,
    routes: (router) => router.service(ChatService, service),
  });
  const server = createServer(handler);
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  const port = await listen(server, options.host, options.port);
  return {
    url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    async stop() {
      shutdown.abort(new ConnectError("server is shutting down", Code.Unavailable));
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.close();
      // A client that keeps its side of a stream open, or does not read, would keep its session open, too.
      const force = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(force);
    },
  };
}

/** How long calls in flight have to end. */
const graceMs = 1000;

function listen(server: Http2Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

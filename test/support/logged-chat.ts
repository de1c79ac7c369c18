import { type Client, createClient, createRouterTransport } from "@connectrpc/connect";
import { clientInterceptor, type InterceptorOptions, serverInterceptor } from "connect-clue";
import { type LogLine, type TestLogger, type TestLoggerOptions, testLogger } from "connect-clue/testing";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import type { ChatHandlers } from "./chat-server.js";

/** The fields that every line of a `Say` call carries. */
export const sayFields = { request_id: "<id>", "rpc.service": "chat.v1.ChatService", "rpc.method": "Say" };

/** The start line of a `Say` call. */
export const sayStart = {
  time: "<time>",
  level: "info",
  msg: "start",
  "rpc.side": "server",
  "rpc.kind": "unary",
  "rpc.protocol": "connect",
  ...sayFields,
};

/** A chat service in memory whose log a test reads. */
export interface LoggedChat {
  readonly client: Client<typeof ChatService>;
  readonly log: TestLogger;
  /** All lines so far. */
  lines(...keep: readonly string[]): readonly LogLine[];
  /** Level and message of all lines so far: `info start`. */
  story(): readonly string[];
}

export interface LoggedChatOptions {
  readonly logger?: TestLoggerOptions;
  readonly server?: InterceptorOptions;
  /** Options of the client's interceptor; without them the client has none. */
  readonly client?: InterceptorOptions;
}

/** Serves the handlers in memory, with an observed server. */
export function loggedChat(handlers: ChatHandlers, options: LoggedChatOptions = {}): LoggedChat {
  const log = testLogger(options.logger);
  const transport = createRouterTransport((router) => router.service(ChatService, handlers), {
    router: { interceptors: [serverInterceptor({ logger: log, ...options.server })] },
    transport: {
      interceptors: options.client ? [clientInterceptor({ logger: log, ...options.client })] : [],
    },
  });
  const { lines } = log;
  return {
    client: createClient(ChatService, transport),
    log,
    lines,
    story: () => lines().map((line) => `${line.level} ${line.msg}`),
  };
}

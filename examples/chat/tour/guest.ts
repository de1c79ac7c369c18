import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  type CallInfo,
  type CallObserver,
  clientInterceptor,
  createLogger,
  type Outcome,
} from "connect-clue";
import { DebugService } from "connect-clue/debug";
import { Health } from "connect-clue/health";
import { ServerReflection } from "connect-clue/reflection";
import { ChatService } from "../gen/chat/v1/chat_pb.js";
import { LogLines } from "./log-lines.js";

/** The client of the tour, with what it wrote to its log and how its calls ended. */
export interface Guest {
  readonly client: Client<typeof ChatService>;
  readonly health: Client<typeof Health>;
  readonly reflection: Client<typeof ServerReflection>;
  /** Sends the token with its calls. */
  readonly debug: Client<typeof DebugService>;
  readonly log: LogLines;
  /** How the last call ended, as the client's interceptor tells an observer. */
  readonly lastOutcome: () => Outcome["type"] | undefined;
  /** Closes the connection. */
  leave(): void;
}

/** Connects to the server by gRPC, with the kit's interceptor. The client's request ids go out with its calls. */
export function createGuest(baseUrl: string, debugToken: string): Guest {
  const log = new LogLines();
  let lastOutcome: Outcome["type"] | undefined;
  const rememberOutcome = (_call: CallInfo): CallObserver => ({
    onEnd: ({ type }) => {
      lastOutcome = type;
    },
  });
  const interceptor = clientInterceptor({
    logger: createLogger({ format: "text", sink: log }),
    log: { requestId: { propagate: true } },
    observers: [rememberOutcome],
  });
  // With the usual window a hundred answers are all here before one of them can be read.
  const settings = { initialWindowSize: 64 };
  const sessionManager = new Http2SessionManager(baseUrl, {}, { settings });
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    interceptors: [interceptor],
    defaultTimeoutMs: 5000,
  });
  const asOperator = createGrpcTransport({
    baseUrl,
    sessionManager,
    interceptors: [withToken(debugToken)],
    defaultTimeoutMs: 5000,
  });
  return {
    client: createClient(ChatService, transport),
    health: createClient(Health, transport),
    reflection: createClient(ServerReflection, transport),
    debug: createClient(DebugService, asOperator),
    log,
    lastOutcome: () => lastOutcome,
    leave: () => sessionManager.abort(),
  };
}

function withToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

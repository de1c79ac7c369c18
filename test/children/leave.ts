/** Leaves endless streams that have an hour to run, closes what it has opened, and has nothing left to wait for. */
import { once } from "node:events";
import { createServer } from "node:http2";
import { setImmediate } from "node:timers/promises";
import {
  type ConnectRouter,
  createClient,
  createRouterTransport,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { clientInterceptor, receive } from "connect-clue";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";

const routes = (router: ConnectRouter) =>
  router.service(ChatService, {
    async *countdown() {
      for (let n = 0; ; n++) {
        yield { n };
        await setImmediate();
      }
    },
  });

/** In memory, Connect's own server keeps the timer of a deadline that it is told of until it strikes. */
const untold: Interceptor = (next) => (request) => {
  request.header.delete("connect-timeout-ms");
  return next(request);
};
const interceptors = [clientInterceptor(), untold];

async function leave(transport: Transport, way: string): Promise<void> {
  for await (const _ of receive(createClient(ChatService, transport).countdown({}, { timeoutMs: 3_600_000 })))
    break;
  console.log(`left ${way}`);
}

await leave(createRouterTransport(routes, { transport: { interceptors } }), "in memory");

const server = createServer(connectNodeAdapter({ routes })).listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
const baseUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
const sessionManager = new Http2SessionManager(baseUrl, { idleConnectionTimeoutMs: 1 });
await leave(createGrpcTransport({ baseUrl, interceptors, sessionManager }), "over gRPC");
await leave(
  createConnectTransport({ baseUrl, httpVersion: "2", interceptors, sessionManager }),
  "over Connect",
);
server.close();

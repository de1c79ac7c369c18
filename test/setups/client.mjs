// A client that makes three calls inside a span of its own: unary over HTTP/1.1, then unary and a stream over HTTP/2.

import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { SpanKind, trace } from "@opentelemetry/api";
import { clientInterceptor, createLogger, receive } from "connect-clue";
import { ChatService } from "./gen/chat/v1/chat_pb.js";
import { storagesOfTheKit } from "./watch-storages.mjs";

const baseUrl = process.argv[2];
const interceptors = [clientInterceptor({ log: false })];
const sessionManager = new Http2SessionManager(baseUrl);
const http1 = createClient(
  ChatService,
  createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors }),
);
const http2 = createClient(ChatService, createGrpcTransport({ baseUrl, sessionManager, interceptors }));

await trace.getTracer("app").startActiveSpan("visit", { kind: SpanKind.INTERNAL }, async (span) => {
  await http1.say({ text: "one" });
  await http2.say({ text: "two" });
  async function* requests() {
    yield { text: "three" };
  }
  for await (const _pair of receive(http2.chat(requests())));
  span.end();
});
sessionManager.abort();
createLogger({ format: "json" }).print("done", { storages: storagesOfTheKit() });

import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { clientInterceptor, createLogger, receive, send } from "connect-clue";
import { startChatServer } from "../chat-server.js";
import { ChatRequestSchema, ChatService } from "../gen/chat/v1/chat_pb.js";
import { relayService } from "../relay-service.js";
import { check } from "./check.js";
import { LogLines } from "./log-lines.js";
import { say, show, showText, title } from "./screen.js";
import { TracedServices } from "./traced-services.js";

/** A stream through two services, each message of which belongs to a trace of its own. */
export async function oneMessage(): Promise<void> {
  title("5. The trace of one message through two services");
  say(
    "guest → relay → chat: one stream from the guest to the relay, one from the relay to the chat service. The guest",
  );
  say("sends tea and cake, each in a span of its own: yield send(ctx, ChatRequestSchema, { text })");
  const services = new TracedServices();
  const log = new LogLines();
  const traceIds = await orderThroughRelay(services, log, ["tea", "cake"]);
  const [tea = "", cake = ""] = traceIds;

  say("Message spans are on. This is the trace of tea, printed by terminalSpans():");
  showText(await services.treeOf(tea));
  const hops = ["relay", "chat", "relay", "guest"].map((service) => `${service}: ${message}`);
  check("the spans of tea", services.spansOf(tea), ["guest: order tea", ...hops]);
  check("the spans of cake, in the same streams", services.spansOf(cake), ["guest: order cake", ...hops]);

  say("The log line of a message has its trace id, too. The chat service:");
  const received = log.takeAll().filter(({ fields }) => fields.msg === "received");
  show("chat service", received);
  check(
    "trace ids of the lines are those of tea and cake",
    received.map(({ fields }) => fields.trace_id),
    traceIds,
  );
}

const message = "chat.v1.ChatService/Chat message";

/**
 * Sends texts in a stream, each in a trace of its own, and reads the answers.
 *
 * @returns the trace ids
 */
async function orderThroughRelay(
  services: TracedServices,
  log: LogLines,
  texts: readonly string[],
): Promise<string[]> {
  const chat = await serve("chat", log);
  const toChat = connect(chat.url, "relay");
  const relay = await serve("relay", new LogLines(), relayService(toChat.client));
  const toRelay = connect(relay.url, "guest");
  const tracer = services.trace("guest").tracerProvider.getTracer("tour");
  const traceIds: string[] = [];
  for await (const _ of receive(toRelay.client.chat(orders()))) {
    // The answers are of no interest here.
  }
  toRelay.leave();
  await relay.stop();
  toChat.leave();
  await chat.stop();
  return traceIds;

  async function* orders() {
    for (const text of texts) {
      const span = tracer.startSpan(`order ${text}`, { root: true });
      traceIds.push(span.spanContext().traceId);
      yield send(trace.setSpan(ROOT_CONTEXT, span), ChatRequestSchema, { text });
      span.end();
    }
  }

  function serve(name: string, sink: LogLines, service?: ReturnType<typeof relayService>) {
    const logger = createLogger({ format: "text", sink });
    const options = { host: "127.0.0.1", port: 0, log: logger, trace: services.trace(name) };
    return startChatServer(service === undefined ? options : { ...options, service });
  }

  function connect(baseUrl: string, name: string) {
    const sessionManager = new Http2SessionManager(baseUrl);
    const interceptors = [clientInterceptor({ log: false, trace: services.trace(name) })];
    const transport = createGrpcTransport({ baseUrl, sessionManager, interceptors, defaultTimeoutMs: 5000 });
    return { client: createClient(ChatService, transport), leave: () => sessionManager.abort() };
  }
}

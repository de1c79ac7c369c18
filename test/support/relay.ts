import type { CallOptions, HandlerContext } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { callOptions, eachMessage, type InterceptorOptions, logger, receive, send } from "connect-clue";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Chat, type ChatHandlers, startChat } from "./chat-server.js";

/** How a service's own calls are told the context that they are made in. */
export type How = "implicitly" | "by callOptions";

/** Three services in a row, each with a client of it: A calls B, and B calls C. */
export interface Relay {
  readonly a: Chat;
  readonly b: Chat;
  readonly c: Chat;
}

/**
 * Starts three services over real sockets. A hands each message of a chat on to B, and B to C, each through one stream
 * that lives as long as the chat does; C answers, and the answers go back the same way. Each service logs the message
 * and adds its name to the text. Each message goes on in its own context.
 *
 * @param options - of all services and their clients
 */
export async function startRelay(how: How, options: InterceptorOptions): Promise<Relay> {
  const start = (handlers: ChatHandlers) =>
    startChat(handlers, { serverOptions: options, clientOptions: options });
  const c = await start({
    async *chat(messages, context) {
      for await (const [ctx, text] of signed("C", messages, context))
        yield send(ctx, ChatResponseSchema, { text });
    },
  });
  const b = await start(relaying("B", c, how));
  const a = await start(relaying("A", b, how));
  return { a, b, c };
}

function relaying(name: string, next: Chat, how: How): ChatHandlers {
  return {
    async *chat(messages, context) {
      async function* onward() {
        for await (const [ctx, text] of signed(name, messages, context)) {
          yield send(ctx, ChatRequestSchema, { text });
        }
      }
      const answers = next.client.chat(onward(), how === "implicitly" ? {} : callOptions(context));
      for await (const [ctx, { text }] of receive(answers, context))
        yield send(ctx, ChatResponseSchema, { text });
    },
  };
}

/** Logs what comes, and gives it with the service's name behind it. */
async function* signed(
  name: string,
  messages: AsyncIterable<ChatRequest>,
  context: HandlerContext,
): AsyncGenerator<[Context, string]> {
  for await (const [ctx, { text }] of receive(messages, context)) {
    logger(ctx).info("received", { text });
    yield [ctx, `${text} ${name}`];
  }
}

/** Two services: to answer a message of a chat, A asks B. */
export async function startAsking(how: How, options: InterceptorOptions): Promise<Pick<Relay, "a" | "b">> {
  const both = { serverOptions: options, clientOptions: options };
  const b = await startChat({ say: ({ text }) => ({ text: `${text} B` }) }, both);
  const ask = async (text: string, options?: CallOptions) => ({
    text: (await b.client.say({ text }, options)).text,
  });
  const implicit: ChatHandlers = { chat: eachMessage((_ctx, { text }) => ask(text)) };
  const explicit: ChatHandlers = {
    async *chat(messages, context) {
      for await (const [ctx, { text }] of receive(messages, context)) yield ask(text, callOptions(ctx));
    },
  };
  return { a: await startChat(how === "implicitly" ? implicit : explicit, both), b };
}

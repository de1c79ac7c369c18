import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { receive } from "connect-clue";
import type { ChatRequest, ChatResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import type { ChatHandlers } from "./chat-server.js";
import { WireTap } from "./message-traces.js";
import { type TracedChat, type TracedChatOptions, tracedChat } from "./traced-chat.js";

/** A traced chat with a tap on the server's wire. */
export async function tappedChat(
  handlers: ChatHandlers,
  options: TracedChatOptions = {},
): Promise<TracedChat & { readonly tap: WireTap }> {
  const tap = new WireTap();
  const { outer = [] } = options;
  return { ...(await tracedChat(handlers, { ...options, outer: [tap.interceptor, ...outer] })), tap };
}

/** Replies to a message. */
export type Reply = (
  ctx: Context,
  message: ChatRequest,
  context: HandlerContext,
) => MessageInitShape<typeof ChatResponseSchema>;

/** Chat handlers that reply once to each message. */
export function replying(reply: Reply): ChatHandlers {
  return {
    async *chat(messages, context) {
      for await (const [ctx, message] of receive(messages, context)) yield reply(ctx, message, context);
    },
  };
}

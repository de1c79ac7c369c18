import type { Client, ServiceImpl } from "@connectrpc/connect";
import { callOptions, receive, send } from "connect-clue";
import type { ChatService } from "./gen/chat/v1/chat_pb.js";

/**
 * A service in front of another one: it hands each message of a `Chat` stream on, and each answer back. The two streams
 * live as long as the guest's does; each message is handed on in its own context.
 *
 * @param upstream - the service behind it
 */
export function relayService(upstream: Client<typeof ChatService>): Partial<ServiceImpl<typeof ChatService>> {
  return {
    async *chat(requests, context) {
      async function* onward() {
        for await (const [ctx, message] of receive(requests, context)) yield send(ctx, message);
      }
      const answers = upstream.chat(onward(), callOptions(context));
      for await (const [ctx, answer] of receive(answers, context)) yield send(ctx, answer);
    },
  };
}

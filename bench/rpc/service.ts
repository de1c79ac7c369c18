import type { ServiceImpl } from "@connectrpc/connect";
import { logger, receive, send } from "connect-clue";
import { ChatResponseSchema, type ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";

type BenchedService = Pick<ServiceImpl<typeof ChatService>, "say" | "chat">;

/** The service without the kit, and without logging. */
export const bareService: BenchedService = {
  say({ text }) {
    return { text: `you said: ${text}` };
  },
  async *chat(requests) {
    for await (const { text } of requests) yield { text: `you said: ${text}` };
  },
};

/** The same work, written as the kit's users write it: five lines a call, one line a message. */
export const kitService: BenchedService = {
  say({ text }, context) {
    const log = logger(context);
    for (let n = 0; n < 5; n++) log.info("thinking", { n, text });
    return { text: `you said: ${text}` };
  },
  async *chat(requests, context) {
    for await (const [ctx, { text }] of receive(requests, context)) {
      logger(ctx).info("received", { text });
      yield send(ctx, ChatResponseSchema, { text: `you said: ${text}` });
    }
  },
};

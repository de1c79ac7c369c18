import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { eachMessage, logger, receive } from "connect-clue";
import type { ChatService } from "./gen/chat/v1/chat_pb.js";

/** The service of the tour: each method shows one of the four kinds, and every kind of log line. */
export const chatService: ServiceImpl<typeof ChatService> = {
  say(request, context) {
    const log = logger(context);
    log.info("heard", { text: request.text });
    log.info("thinking about it");
    log.infof("answering with %d more characters", "you said: ".length);
    if (request.text.startsWith("fail")) throw new Error("the answer got lost");
    if (request.text.startsWith("reject")) {
      throw new ConnectError("that is no thing to say", Code.InvalidArgument);
    }
    return { text: `you said: ${request.text}` };
  },

  async upload(requests, context) {
    let count = 0;
    for await (const [ctx, { text }] of receive(requests, context)) {
      count++;
      logger(ctx).info("uploaded", { text });
    }
    return { count };
  },

  async *countdown({ from }, context) {
    if (from < 0 || from > 1000) {
      throw new ConnectError(`from: expected 0 to 1000, got ${from}`, Code.InvalidArgument);
    }
    for (let n = from; n >= 0; n--) {
      logger(context).info("counting", { n });
      yield { n };
    }
  },

  chat: eachMessage(async (ctx, { text }) => {
    const log = logger(ctx);
    log.info("received", { text });
    log.debug("looking at it", { characters: text.length });
    if (text === "die") throw new Error("died of a message");
    if (text === "fail") {
      log.error(new Error("this one can't be handled"), "message failed", { text });
      return { text: `could not handle: ${text}` };
    }
    return { text: `you said: ${text}` };
  }),
};

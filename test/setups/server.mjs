// The chat service as anybody writes it, with no word of OpenTelemetry's SDK: what is set up comes by `--import`. Logs as
// JSON on standard output, the first line with its URL. Ends when standard input does.

import { connectNodeAdapter } from "@connectrpc/connect-node";
import { trace } from "@opentelemetry/api";
import { createLogger, eachMessage, logger, serverInterceptor } from "connect-clue";
import { createNodeServer, nodeContextValues } from "connect-clue/node";
import { ChatService } from "./gen/chat/v1/chat_pb.js";
import { storagesOfTheKit } from "./watch-storages.mjs";

const log = createLogger({ format: "json", fileLocation: false });
const work = () => trace.getTracer("app").startActiveSpan("work", (span) => span.end());

const handler = connectNodeAdapter({
  interceptors: [serverInterceptor({ logger: log })],
  contextValues: nodeContextValues,
  routes: (router) =>
    router.service(ChatService, {
      async say({ text }, context) {
        await undefined;
        work();
        logger(context).info("said", { text });
        return { text };
      },
      chat: eachMessage(async (_ctx, { text }) => {
        await undefined;
        work();
        logger().info("chatted", { text });
        return { text };
      }),
    }),
});

const server = await createNodeServer({ handler, port: 0, host: "127.0.0.1" });
log.print("listening", { url: server.url });
process.stdin.resume().once("end", async () => {
  await server.close();
  log.print("closed", { storages: storagesOfTheKit() });
});

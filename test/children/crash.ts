/** What a test of the flight recorder does in a process of its own: a call is in flight, and the process dies. */
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { createLogger, logger, serverInterceptor } from "connect-clue";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";

const how = process.argv[2];
const log = createLogger({ format: (entry) => `${entry.severity} ${entry.fields[0]?.[1]}`, sink: { fd: 1 } });
if (how === "handled") process.on("uncaughtException", () => process.exit(7));

const transport = createRouterTransport(
  (router) =>
    router.service(ChatService, {
      say({ text }, context) {
        if (text !== "silent") logger(context).info(`started ${text}`);
        return new Promise(() => {});
      },
    }),
  { router: { interceptors: [serverInterceptor({ logger: log })] } },
);
const client = createClient(ChatService, transport);
const kept = setInterval(() => {}, 1000);
void client.say({ text: "a" });
void client.say({ text: "b" });
void client.say({ text: "silent" });

setImmediate(() => {
  if (how === "fatal") logger().fatal(new Error("gave up"), "the end");
  if (how === "rejection") void Promise.reject(new Error("boom"));
  if (how === "exit") process.exit(4);
  if (how === "throw" || how === "handled") throw new Error("boom");
  if (how === "none") clearInterval(kept);
});

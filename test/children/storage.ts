/** Makes one call through both interceptors, and says how many AsyncLocalStorages the process made for it. */
import hooks from "node:async_hooks";
import { syncBuiltinESMExports } from "node:module";

let storages = 0;
class Counted<T> extends hooks.AsyncLocalStorage<T> {
  constructor() {
    super();
    storages++;
  }
}
Object.defineProperty(hooks, "AsyncLocalStorage", { value: Counted });
syncBuiltinESMExports();

const { createClient, createRouterTransport } = await import("@connectrpc/connect");
const { clientInterceptor, serverInterceptor } = await import("connect-clue");
const { ChatService } = await import("../../examples/chat/gen/chat/v1/chat_pb.js");

const implicitContext = process.argv[2] === "true";
const transport = createRouterTransport(
  (router) => router.service(ChatService, { say: ({ text }) => ({ text }) }),
  {
    router: { interceptors: [serverInterceptor({ implicitContext })] },
    transport: { interceptors: [clientInterceptor({ implicitContext })] },
  },
);
const { text } = await createClient(ChatService, transport).say({ text: "hi" });
console.log(`answered: ${text}`);
console.log(`storages: ${storages}`);

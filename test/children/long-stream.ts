/**
 * Exchanges many messages in one stream, in memory, through both interceptors, and prints by how much the heap
 * has grown from a tenth of the way to the end, in KiB, and what is left behind. Needs `--expose-gc`.
 *
 * Arguments: `receive` or `eachMessage`, and the number of messages.
 */
import { createClient, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import {
  type CallObserverFactory,
  clientInterceptor,
  createLogger,
  eachMessage,
  logger,
  receive,
  send,
  serverInterceptor,
} from "connect-clue";
import { DebugService, debugRoutes } from "connect-clue/debug";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  ChatService,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";

const [, , how, count] = process.argv;
const total = Number(count);
const key = Symbol("message");
const quiet = createLogger({ sink: { write() {} } });

/** Every message has a context of its own, as with tracing. */
const contexts: CallObserverFactory = () => ({ onReceive: (ctx, _message, n) => ctx.setValue(key, n) });
const options = { logger: quiet, observers: [contexts] };

const handlers: Record<string, ServiceImpl<typeof ChatService>["chat"]> = {
  async *receive(requests, context) {
    for await (const [ctx, { text }] of receive(requests, context)) {
      logger(ctx).info("received", { text });
      yield send(ctx, ChatResponseSchema, { text });
    }
  },
  eachMessage: eachMessage((_ctx, { text }) => {
    logger().info("received", { text });
    return { text };
  }),
};
const chat = handlers[how ?? ""];
if (chat === undefined) throw new Error(`no handler ${how}`);

const transport = createRouterTransport((router) => router.service(ChatService, { chat }), {
  router: { interceptors: [serverInterceptor(options)] },
  transport: { interceptors: [clientInterceptor(options)] },
});
const client = createClient(ChatService, transport);

let answered = 0;
let early = 0;
for await (const [ctx] of receive(client.chat(requests()))) {
  answered++;
  if (ctx.getValue(key) !== answered) throw new Error(`message ${answered} has another's context`);
  if (answered === total / 10) early = heapUsed();
}
const grown = heapUsed() - early;
// Without interceptors: the question is no call that the kit observes.
const debug = createRouterTransport((router) => debugRoutes({ authorize: () => "test" })(router));
const { calls, buffers } = await createClient(DebugService, debug).getRuntime({});
console.log(
  JSON.stringify({
    answered,
    grownKiB: Math.round(grown / 1024),
    live: Number(calls?.server) + Number(calls?.client),
    held: Number(buffers?.bytes),
  }),
);

async function* requests() {
  for (let n = 0; n < total; n++) yield send(ROOT_CONTEXT, ChatRequestSchema, { text: `message ${n}` });
}

function heapUsed(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

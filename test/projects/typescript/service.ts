import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import {
  callOptions,
  clientInterceptor,
  contextOf,
  createLogger,
  eachMessage,
  logger,
  receive,
  send,
  serverInterceptor,
} from "connect-clue";
import { bearerToken, debugRoutes } from "connect-clue/debug";
import { createChecker, healthHandler, healthRoutes, tcpPinger } from "connect-clue/health";
import { createMock } from "connect-clue/mock";
import { createNodeServer, nodeContextValues } from "connect-clue/node";
import { reflectionRoutes } from "connect-clue/reflection";
import { testCall, testLogger } from "connect-clue/testing";
import { ChatResponseSchema, ChatService } from "./gen/chat/v1/chat_pb.js";

/** Fails to compile where a type is `any`: everything could be assigned to it. */
type NotAny<T> = 0 extends 1 & T ? never : T;

export const chat: Partial<ServiceImpl<typeof ChatService>> = {
  say({ text }, context) {
    logger(context).info("saying", { text });
    if (text === "") throw new ConnectError("say something", Code.InvalidArgument);
    return { text };
  },
  chat: eachMessage(async (ctx, { text }) => {
    logger(ctx).info("received", { text });
    return { text };
  }),
};

export const relay: Partial<ServiceImpl<typeof ChatService>> = {
  async *chat(requests, context) {
    for await (const [ctx, { text }] of receive(requests, context)) {
      const answered: NotAny<typeof text> = text;
      yield send(ctx, ChatResponseSchema, { text: answered.toUpperCase() });
    }
  },
};

const checker = createChecker({ dependencies: [tcpPinger("postgres", "db:5432")] });
const handler = connectNodeAdapter({
  interceptors: [serverInterceptor({ logger: createLogger(), metrics: false })],
  contextValues: nodeContextValues,
  fallback: healthHandler(checker),
  routes(router) {
    router.service(ChatService, chat);
    healthRoutes(checker)(router);
    debugRoutes({ authorize: bearerToken("secret") })(router);
    reflectionRoutes("all")(router);
  },
});
const { port } = await createNodeServer({ handler, port: 0 });
export const url: `http://${string}` = `http://localhost:${port satisfies NotAny<typeof port>}`;

const transport = createGrpcTransport({ baseUrl: url, interceptors: [clientInterceptor()] });
const client = createClient(ChatService, transport);
const { text } = await client.say({ text: "hi" }, callOptions(contextOf(), { timeoutMs: 1000 }));
export const said: NotAny<string> = text satisfies NotAny<typeof text>;

const mock = createMock(ChatService);
mock.add("say", (request) => ({ text: request.text satisfies NotAny<string> }));
mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expectEnd();
const log = testLogger();
const call = testCall(ChatService.method.chat, relay.chat ?? async function* () {}, {
  interceptors: [serverInterceptor({ logger: log })],
});
await call.send({ text: "hi" });
export const answer: string = (await call.receive()).text;
// @ts-expect-error the message has no such field
await call.send({ unknown: true });
// @ts-expect-error an option that does not exist
serverInterceptor({ metric: false });

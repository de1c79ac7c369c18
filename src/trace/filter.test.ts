import { createClient, createRouterTransport } from "@connectrpc/connect";
import { clientInterceptor, serverInterceptor, type TraceOptions } from "connect-clue";
import { testSpans } from "connect-clue/testing-telemetry";
import { expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { drain } from "../../test/support/traced-chat.js";
import { callerHeaders, twoServices } from "../../test/support/two-services.js";

it("hands on the context of a method that has no span", async () => {
  const spans = testSpans();
  const { client, sent } = await twoServices({ ...spans.options, filter: "no.Such/Method" });
  await client.say({}, { headers: callerHeaders });
  expect(sent).toEqual([callerHeaders]);
  expect(spans.all()).toEqual([]);
});

it("has no span for streams with streamSpan off, and hands their context on", async () => {
  const spans = testSpans();
  const { client, sent } = await twoServices({ ...spans.options, streamSpan: "off", filter: "*/Countdown" });
  await drain(client.countdown({}, { headers: callerHeaders }));
  expect(sent).toEqual([callerHeaders]);
  expect(spans.all()).toEqual([]);
});

it("has spans for unary calls with streamSpan off", async () => {
  const spans = testSpans();
  const { client } = await twoServices({ ...spans.options, streamSpan: "off" });
  await client.say({});
  expect((await spans.ended(2)).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "server chat.v1.ChatService/Say",
    "client chat.v1.ChatService/Say",
  ]);
});

/** The spans of a call to the chat service under another name. */
async function spansOf(typeName: string, options: TraceOptions = {}): Promise<string[]> {
  const spans = testSpans();
  const service = serviceNamed(typeName);
  const observe = { log: false, trace: { ...spans.options, ...options } } as const;
  const transport = createRouterTransport((router) => router.service(service, { say: () => ({}) }), {
    router: { interceptors: [serverInterceptor(observe)] },
    transport: { interceptors: [clientInterceptor(observe)] },
  });
  await createClient(service, transport).say({});
  return spans.all().map(({ kind, name }) => `${kind} ${name}`);
}

it.each([
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "clue.debug.v1.DebugService",
])("leaves %s out by default", async (typeName) => {
  expect(await spansOf(typeName)).toEqual([]);
  expect(await spansOf(typeName, { filter: "*" })).toEqual([
    `client ${typeName}/Say`,
    `server ${typeName}/Say`,
  ]);
});

it("asks a function once for each method, and traces what it fails for", async () => {
  let asked = 0;
  const filter = () => {
    asked++;
    throw new Error("unsure");
  };
  const spans = testSpans();
  const { client } = await twoServices({ ...spans.options, filter });
  await client.say({});
  await client.say({});
  expect((await spans.ended(4)).map(({ kind }) => kind)).toEqual(["server", "client", "server", "client"]);
  expect(asked).toBe(2);
});

function serviceNamed(typeName: string): typeof ChatService {
  const parent = { ...ChatService, typeName };
  const methods = Object.entries(ChatService.method).map(([name, method]) => [name, { ...method, parent }]);
  return Object.assign(parent, {
    method: Object.fromEntries(methods),
    methods: methods.map(([, method]) => method),
  });
}

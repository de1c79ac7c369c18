/** grpc-js, which knows nothing of the kit, in the same trace: with metadata of its own, and instrumented by OpenTelemetry. */

import { once } from "node:events";
import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from "@grpc/grpc-js";
import { clientInterceptor, send } from "connect-clue";
import { testSpans } from "connect-clue/testing-telemetry";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatResponseSchema,
  ChatService,
  SayRequestSchema,
  SayResponseSchema,
} from "../examples/chat/gen/chat/v1/chat_pb.js";
import { encodeEntries } from "../src/trace/unknown-field.js";
import { type Program, run, says } from "./support/chat-process.js";
import { requests } from "./support/chat-server.js";
import { gate } from "./support/gate.js";
import { type OnWire, onWire, receivedIn } from "./support/message-traces.js";
import { expectNothingInFlight } from "./support/nothing-in-flight.js";
import { inSpan, spanOf, traceparentOf, withBaggage } from "./support/span-contexts.js";
import { drain, spanOf as rpcSpan, tracedChat, workingHandlers } from "./support/traced-chat.js";

const path = "/chat.v1.ChatService";
const b2 = { traceparent: traceparentOf(spanOf("b", 2)) };
const c3 = { traceparent: traceparentOf(spanOf("c", 3)), baggage: "user=%C3%89va" };

describe("a grpc-js client that sends its own traceparent", () => {
  const metadata = new Metadata();
  metadata.set("traceparent", b2.traceparent);
  metadata.set("tracestate", "vendor=opaque");
  const parent = { trace: "b".repeat(32), span: "span 1", parent: "remote 0000000000000002" };

  it("is the parent of the server's span: unary", async () => {
    const { client, spans } = await grpcJsClient();
    const answered = gate<unknown>();
    client.makeUnaryRequest(`${path}/Say`, empty, bytes, undefined, metadata, answered.open);
    expect(await answered.opened).toBe(null);
    expect(await spans.ended(1)).toEqual([rpcSpan("server", "Say", parent)]);
  });

  it("is the parent of the server's span: bidi", async () => {
    const { client, spans } = await grpcJsClient();
    const stream = client.makeBidiStreamRequest(`${path}/Chat`, empty, bytes, metadata);
    const ended = once(stream.resume(), "status");
    stream.write(undefined);
    stream.end();
    await ended;
    const attributes = { "clue.messages.received": 1, "clue.messages.sent": 1 };
    expect(await spans.ended(1)).toEqual([rpcSpan("server", "Chat", { ...parent, attributes })]);
  });
});

describe("messages of a grpc-js client", () => {
  it("that writes the map itself have their own contexts, and replies that say so", async () => {
    const { seen, replies } = await chatWith(ChatRequestSchema, ChatResponseSchema, [
      {},
      { traceMetadata: b2 },
      { traceMetadata: c3 },
      { traceMetadata: { traceparent: "malformed" } },
    ]);
    expect(seen).toEqual(["stream", "b2", "c3 user=Éva", "stream"]);
    expect(replies).toEqual([
      create(ChatResponseSchema),
      create(ChatResponseSchema, { traceMetadata: b2 }),
      create(ChatResponseSchema, { traceMetadata: c3 }),
      create(ChatResponseSchema),
    ]);
  });

  it("whose schema lacks the field are of the stream's", async () => {
    const { seen, replies } = await chatWith(SayRequestSchema, SayResponseSchema, [{}, {}]);
    expect(seen).toEqual(["stream", "stream"]);
    expect(replies).toEqual([create(SayResponseSchema), create(SayResponseSchema)]);
  });

  it("whose schema lacks the field are of their own with an unknown field", async () => {
    const { seen, replies } = await chatWith(SayRequestSchema, SayResponseSchema, [
      {},
      { $unknown: encodeEntries(b2) },
    ]);
    expect(seen).toEqual(["stream", "b2"]);
    expect(replies.map(onWire)).toEqual([null, b2]);
  });
});

describe("messages to a grpc-js server", () => {
  const messages = [
    {},
    send(inSpan(spanOf("b", 2)), ChatRequestSchema),
    send(withBaggage(inSpan(spanOf("c", 3)), { user: "Éva" }), ChatRequestSchema),
  ];

  it("that reads and writes the map itself", async () => {
    const { client, seen, got } = await grpcJsServer(ChatRequestSchema, (request) =>
      create(ChatResponseSchema, { traceMetadata: (request as ChatRequest).traceMetadata }),
    );
    await drain(client.chat(requests<object>(...messages)));
    expect(got).toEqual([null, b2, c3]);
    expect(seen).toEqual(["stream", "b2", "c3 user=Éva"]);
  });

  it("whose schema lacks the field, and which makes new replies", async () => {
    const { client, seen, got } = await grpcJsServer(SayRequestSchema, () => create(SayResponseSchema));
    await drain(client.chat(requests<object>(...messages)));
    expect(got).toEqual([null, b2, c3]);
    expect(seen).toEqual(["stream", "stream", "stream"]);
  });

  it("whose schema lacks the field, and which hands messages back with what it does not know", async () => {
    const { client, seen } = await grpcJsServer(SayRequestSchema, (request) => request);
    await drain(client.chat(requests<object>(...messages)));
    expect(seen).toEqual(["stream", "b2", "c3 user=Éva"]);
  });
});

describe("grpc-js with OpenTelemetry's instrumentation", () => {
  it("as a client: the server's spans are in its traces", async () => {
    const { chat, spans } = await tracedChat(workingHandlers);
    const [say, stream] = await linesOf(run(peerPath, { CHAT_URL: chat.url }));
    const root = { kind: "client", traceId: expect.any(String), spanId: expect.any(String) };
    expect([say, stream]).toEqual([
      { ...root, name: "grpc.chat.v1.ChatService/Say" },
      { ...root, name: "grpc.chat.v1.ChatService/Chat" },
    ]);
    const childOf = (parent: PeerLine | undefined) => ({
      trace: `${parent?.traceId}`,
      parent: `remote ${parent?.spanId}`,
    });
    const attributes = { "clue.messages.received": 2, "clue.messages.sent": 2 };
    expect(await spans.ended(2)).toEqual([
      rpcSpan("server", "Say", { ...childOf(say), span: "span 1" }),
      rpcSpan("server", "Chat", { ...childOf(stream), span: "span 2", attributes }),
    ]);
  });

  it("as a server: its spans are in the client's traces", async () => {
    const peer = run(peerPath);
    const [, port] = await says(peer, "stdout", /"port":(\d+)/);
    const { client, spans } = clientOf(`http://127.0.0.1:${port}`);
    await client.say({});
    await drain(client.chat(requests<object>({}, send(inSpan(spanOf("b", 2)), ChatRequestSchema))));
    peer.child.kill("SIGTERM");
    const [, work, sayServer, chatServer] = await linesOf(peer);
    await spans.ended(2);
    const [say, chat] = spans.finished().map((span) => span.spanContext());
    const childOf = ({ traceId, spanId }: PeerLine = {}) => ({
      traceId,
      spanId: expect.any(String),
      parentSpanId: spanId,
    });
    expect([work, sayServer, chatServer]).toEqual([
      { kind: "internal", name: "work", ...childOf(sayServer) },
      { kind: "server", name: "grpc.chat.v1.ChatService/Say", ...childOf(say) },
      { kind: "server", name: "grpc.chat.v1.ChatService/Chat", ...childOf(chat) },
    ]);
  });

  const peerPath = "test/support/instrumented-peer.mjs";
});

/** A line that the instrumented peer prints. */
type PeerLine = Partial<Record<"kind" | "name" | "traceId" | "spanId" | "parentSpanId", string>>;

/** All that a peer printed, when it has ended. */
async function linesOf(peer: Program): Promise<PeerLine[]> {
  expect([await peer.ended, peer.stderr]).toEqual([0, ""]);
  return peer.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** A traced server, and a grpc-js client of it. */
async function grpcJsClient() {
  const seen: string[] = [];
  const { chat, spans } = await tracedChat(workingHandlers, {
    server: { carrier: "unknown-field" },
    serverOptions: { observers: [receivedIn(seen)] },
  });
  const client = new Client(new URL(chat.url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  return { client, spans, seen };
}

/** Sends messages from grpc-js, which has types of its own for them; gives in which contexts they were received, and the replies. */
async function chatWith(request: DescMessage, response: DescMessage, messages: readonly object[]) {
  const { client, seen } = await grpcJsClient();
  const replies: Message[] = [];
  const stream = client.makeBidiStreamRequest(
    `${path}/Chat`,
    (message: object) => Buffer.from(toBinary(request, { ...create(request), ...message })),
    (data) => fromBinary(response, data),
  );
  stream.on("data", (reply: Message) => replies.push(reply));
  const ended = once(stream, "status");
  for (const message of messages) stream.write(message);
  stream.end();
  await ended;
  return { seen, replies };
}

/** A grpc-js server that reads requests as it knows them, and a traced client of it; gives what each side got. */
async function grpcJsServer(request: DescMessage, reply: (request: Message) => Message) {
  const server = new Server();
  const got: OnWire[] = [];
  const chat = {
    path: `${path}/Chat`,
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: (data: Buffer) => fromBinary(request, data),
    responseSerialize: (message: Message) => Buffer.from(toBinary(descOf(message), message)),
    responseDeserialize: bytes,
  };
  server.addService(
    { chat },
    {
      chat(stream: ServerDuplexStream<Message, Message>) {
        stream.on("data", (message: Message) => {
          got.push(onWire(message));
          stream.write(reply(message));
        });
        stream.on("end", () => stream.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { ...clientOf(`http://127.0.0.1:${port}`), got };
}

/** A traced client; and in which contexts it receives messages. */
function clientOf(baseUrl: string) {
  const spans = testSpans();
  const seen: string[] = [];
  const sessionManager = new Http2SessionManager(baseUrl);
  const observe = clientInterceptor({ trace: spans.options, log: false, observers: [receivedIn(seen)] });
  const transport = createGrpcTransport({ baseUrl, sessionManager, interceptors: [observe] });
  onTestFinished(async () => {
    sessionManager.abort();
    await expectNothingInFlight();
  });
  return { client: createClient(ChatService, transport), spans, seen };
}

function descOf({ $typeName }: Message): DescMessage {
  const desc = [ChatResponseSchema, SayRequestSchema, SayResponseSchema].find(
    ({ typeName }) => typeName === $typeName,
  );
  if (desc === undefined) throw new Error(`no schema of ${$typeName}`);
  return desc;
}

function empty(): Buffer {
  return Buffer.alloc(0);
}

function bytes(data: Buffer): Buffer {
  return data;
}

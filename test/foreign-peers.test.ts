/** grpc-js, which knows nothing of Connect, on the other side of the wire. */
import { create, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { clientInterceptor } from "connect-clue";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ChatRequest,
  type ChatResponse,
  ChatResponseSchema,
  ChatService,
  type SayRequest,
  type SayResponse,
} from "../examples/chat/gen/chat/v1/chat_pb.js";
import { type ChatHandlers, requests, Side, startChat } from "./support/chat-server.js";
import { aborted, gate } from "./support/gate.js";
import { expectNothingInFlight } from "./support/nothing-in-flight.js";
import { until } from "./support/until.js";

const handlers: ChatHandlers = {
  async say({ text }, { signal }) {
    if (text === "fail") throw new ConnectError("no such room", Code.NotFound);
    if (text === "throw") throw new Error("secret");
    if (text === "slow") await aborted(signal);
    return { text: `you said: ${text}` };
  },
  async *chat(messages) {
    for await (const { text } of messages) {
      if (text === "die") throw new ConnectError("died", Code.Aborted);
      yield { text };
    }
  },
};

describe("a grpc-js client of our server", () => {
  it("unary: ok", async () => {
    const { server, say } = await startGrpcJsClient();
    expect((await say("hi")).text).toBe("you said: hi");
    expect(await server.events()).toEqual(["receive 1", "send 1", "end ok received=1 sent=1"]);
    expect(server.call().info.protocol).toBe("grpc");
  });

  it.each([
    ["fail", status.NOT_FOUND, "no such room", "not_found"],
    ["throw", status.INTERNAL, "internal error", "internal"],
  ])("unary: %s", async (text, code, details, name) => {
    const { server, say } = await startGrpcJsClient();
    await expect(say(text)).rejects.toMatchObject({ code, details });
    expect(await server.events()).toEqual(["receive 1", `end error ${name} received=1 sent=0`]);
  });

  it("unary: the deadline", async () => {
    const { server, say } = await startGrpcJsClient();
    await say("warm-up");
    await expect(say("slow", 500)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(await server.events(1)).toEqual(["receive 1", "end deadline deadline_exceeded received=1 sent=0"]);
  });

  it("unary: cancelled", async () => {
    const { server, client } = await startGrpcJsClient();
    const ended = gate<ServiceError | null>();
    const call = client.makeUnaryRequest(...methodOf(ChatService.method.say), { text: "slow" }, (error) =>
      ended.open(error),
    );
    await until(() => server.calls[0]?.events[0] === "receive 1");
    call.cancel();
    expect(await ended.opened).toMatchObject({ code: status.CANCELLED });
    expect(await server.events()).toEqual(["receive 1", "end canceled canceled received=1 sent=0"]);
  });

  it("bidi: ok", async () => {
    const { server, chat } = await startGrpcJsClient();
    const stream = chat();
    const texts: string[] = [];
    const ended = gate<number>();
    stream.on("data", ({ text }: ChatResponse) => {
      texts.push(text);
      if (texts.length === 2) stream.end();
    });
    stream.on("status", ({ code }) => ended.open(code));
    stream.write({ text: "a" });
    stream.write({ text: "b" });
    expect(await ended.opened).toBe(status.OK);
    expect(texts).toEqual(["a", "b"]);
    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      "receive 2",
      "send 2",
      "end ok received=2 sent=2",
    ]);
  });

  it("bidi: an error after the first message", async () => {
    const { server, chat } = await startGrpcJsClient();
    const stream = chat();
    const failed = gate<ServiceError>();
    stream.on("error", (error: ServiceError) => failed.open(error));
    stream.on("data", () => stream.write({ text: "die" }));
    stream.write({ text: "a" });
    expect(await failed.opened).toMatchObject({ code: status.ABORTED, details: "died" });
    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      "receive 2",
      "end error aborted received=2 sent=1",
    ]);
  });

  it("bidi: cancelled in mid-stream, while the handler reads", async () => {
    const { server, chat } = await startGrpcJsClient();
    const stream = chat();
    const failed = gate<ServiceError>();
    stream.on("error", (error: ServiceError) => failed.open(error));
    stream.on("data", () => stream.cancel());
    stream.write({ text: "a" });
    expect(await failed.opened).toMatchObject({ code: status.CANCELLED });
    expect(await server.events()).toEqual(["receive 1", "send 1", "end canceled canceled received=1 sent=1"]);
  });

  it("bidi: the deadline, while the handler reads", async () => {
    const { server, say, chat } = await startGrpcJsClient();
    await say("warm-up");
    const stream = chat(500);
    const failed = gate<ServiceError>();
    stream.on("error", (error: ServiceError) => failed.open(error));
    stream.on("data", () => {});
    stream.write({ text: "a" });
    expect(await failed.opened).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(await server.events(1)).toEqual([
      "receive 1",
      "send 1",
      "end deadline deadline_exceeded received=1 sent=1",
    ]);
  });
});

describe("our client of a grpc-js server", () => {
  it("unary: ok", async () => {
    const { client, side } = await startGrpcJsServer();
    expect((await client.say({ text: "hi" })).text).toBe("hi");
    expect(await side.events()).toEqual(["send 1", "receive 1", "end ok received=1 sent=1"]);
  });

  it("unary: an error", async () => {
    const { client, side } = await startGrpcJsServer();
    await expect(client.say({ text: "fail" })).rejects.toThrow("[not_found] no such room");
    expect(await side.events()).toEqual(["send 1", "end error not_found received=0 sent=1"]);
  });

  it("unary: the deadline", async () => {
    const { client, side } = await startGrpcJsServer();
    await expect(client.say({ text: "slow" }, { timeoutMs: 100 })).rejects.toThrow("[deadline_exceeded]");
    expect(await side.events()).toEqual(["send 1", "end deadline deadline_exceeded received=0 sent=0"]);
  });

  it("bidi: ok", async () => {
    const { client, side } = await startGrpcJsServer();
    const texts: string[] = [];
    for await (const { text } of client.chat(requests({ text: "a" }, { text: "b" }))) texts.push(text);
    expect(texts).toEqual(["a", "b"]);
    expect((await side.events()).at(-1)).toBe("end ok received=2 sent=2");
  });

  it("bidi: an error in mid-stream", async () => {
    const { client, side } = await startGrpcJsServer();
    const read = async () => {
      for await (const _ of client.chat(requests({ text: "a" }, { text: "die" })));
    };
    await expect(read()).rejects.toThrow("[aborted] died");
    expect((await side.ended()).outcome).toMatchObject({ type: "error", code: Code.Aborted, received: 1 });
  });

  it("bidi: cancelled in mid-stream", async () => {
    const { client, side, cancelled } = await startGrpcJsServer();
    const controller = new AbortController();
    const read = async () => {
      const options = { signal: controller.signal };
      for await (const _ of client.chat(requests({ text: "a" }, new Promise<never>(() => {})), options)) {
        controller.abort();
      }
    };
    await expect(read()).rejects.toThrow("[canceled]");
    await cancelled;
    expect(await side.events()).toEqual(["send 1", "receive 1", "end canceled canceled received=1 sent=1"]);
  });
});

async function startGrpcJsClient() {
  const { server, url } = await startChat(handlers);
  const client = new Client(new URL(url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  const deadlineIn = (ms: number | undefined) => (ms === undefined ? {} : { deadline: Date.now() + ms });
  return {
    server,
    client,
    say: (text: string, timeoutMs?: number) =>
      new Promise<SayResponse>((resolve, reject) => {
        const [path, serialize, deserialize] = methodOf(ChatService.method.say);
        client.makeUnaryRequest(
          path,
          serialize,
          deserialize,
          { text },
          deadlineIn(timeoutMs),
          (error, response) => (error === null ? resolve(response as SayResponse) : reject(error)),
        );
      }),
    chat: (timeoutMs?: number) =>
      client.makeBidiStreamRequest(...methodOf(ChatService.method.chat), deadlineIn(timeoutMs)),
  };
}

async function startGrpcJsServer() {
  const cancelled = gate();
  const say: handleUnaryCall<SayRequest, SayResponse> = ({ request }, answer) => {
    if (request.text === "fail") answer({ code: status.NOT_FOUND, details: "no such room" });
    else if (request.text !== "slow") answer(null, create(SayResponseDesc, { text: request.text }));
  };
  const chat: handleBidiStreamingCall<ChatRequest, ChatResponse> = (stream) => {
    stream.on("cancelled", () => cancelled.open());
    stream.on("data", ({ text }: ChatRequest) => {
      if (text === "die") stream.emit("error", { code: status.ABORTED, details: "died" });
      else stream.write(create(ChatResponseSchema, { text }));
    });
    stream.on("end", () => stream.end());
  };
  const server = new Server();
  server.addService(
    { say: serviceMethod(ChatService.method.say), chat: serviceMethod(ChatService.method.chat) },
    { say, chat },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const side = new Side();
  const sessionManager = new Http2SessionManager(baseUrl);
  const interceptors = [clientInterceptor({ logger: side.log, observers: [side.observe] })];
  const transport = createGrpcTransport({ baseUrl, sessionManager, interceptors });
  onTestFinished(async () => {
    sessionManager.abort();
    server.forceShutdown();
    await expectNothingInFlight(side);
  });
  return { client: createClient(ChatService, transport), side, cancelled: cancelled.opened };
}

const SayResponseDesc = ChatService.method.say.output;

type Serialize = (message: Record<string, unknown>) => Buffer;
type Deserialize = (bytes: Buffer) => Message;

/** A method's path and codecs, as grpc-js wants them. */
function methodOf(method: DescMethod): [path: string, serialize: Serialize, deserialize: Deserialize] {
  return [
    `/${method.parent.typeName}/${method.name}`,
    (message) => Buffer.from(toBinary(method.input, create(method.input, message))),
    (bytes) => fromBinary(method.output, bytes),
  ];
}

function serviceMethod(method: DescMethod) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind !== "unary",
    responseStream: method.methodKind !== "unary",
    requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
    responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
  };
}

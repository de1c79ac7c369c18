/** With the interceptor, what goes over the wire and what both ends see is byte for byte what it is without. */
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type HandlerContext } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { clientInterceptor } from "connect-clue";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatRequestSchema, ChatResponseSchema, ChatService } from "../examples/chat/gen/chat/v1/chat_pb.js";
import { type ChatHandlers, requests, Side, startChat } from "./support/chat-server.js";
import { enveloped, rawCall, rawServer } from "./support/raw-http2.js";

const types = {
  unary: ["application/proto", "application/grpc+proto", "application/grpc-web+proto"],
  stream: ["application/connect+proto", "application/grpc+proto", "application/grpc-web+proto"],
};

const request = (text: string) => toBinary(ChatRequestSchema, create(ChatRequestSchema, { text }));

/** What a handler does when it is told to, and what it leaves in headers, trailers and errors. */
const texts = [
  "fine",
  "nothing",
  "connect error",
  "error",
  "string",
  "null",
  "undefined",
  "late error",
  "unwritable",
];

describe.each(texts)("a server whose handler is told %j", (text) => {
  it.each(types.unary)("unary, %s", async (type) => {
    const body = type === "application/proto" ? request(text) : enveloped(request(text));
    const call = (url: string) => rawCall(url, "/chat.v1.ChatService/Say", type, body);
    expect(await served(true, call)).toEqual(await served(false, call));
  });

  it.each(types.stream)("bidi, %s", async (type) => {
    const body = enveloped(request("fine"), request(text), request("fine"));
    const call = (url: string) => rawCall(url, "/chat.v1.ChatService/Chat", type, body);
    expect(await served(true, call)).toEqual(await served(false, call));
  });

  it.each(types.stream)("client streaming, %s", async (type) => {
    const body = enveloped(request("fine"), request(text));
    const call = (url: string) => rawCall(url, "/chat.v1.ChatService/Upload", type, body);
    expect(await served(true, call)).toEqual(await served(false, call));
  });
});

describe.each(types.stream)("a server that reads what is no message, %s", (type) => {
  it.each([
    ["broken off", Buffer.concat([enveloped(request("fine")), Buffer.from([0, 0])])],
    ["malformed", enveloped(request("fine"), Buffer.from([255, 255]))],
    ["empty", Buffer.alloc(0)],
  ])("%s", async (_, body) => {
    const call = (url: string) => rawCall(url, "/chat.v1.ChatService/Chat", type, body);
    expect(await served(true, call)).toEqual(await served(false, call));
  });
});

describe("a client", () => {
  const reply = enveloped(toBinary(ChatResponseSchema, create(ChatResponseSchema, { text: "hi" })));
  const answers = [
    ["ok", { type: "application/grpc+proto", body: reply, trailers: { "grpc-status": "0", "x-more": "1" } }],
    [
      "an error",
      {
        type: "application/grpc+proto",
        body: reply,
        trailers: { "grpc-status": "5", "grpc-message": "no%20room", "x-more": "1" },
      },
    ],
    ["no status", { type: "application/grpc+proto", body: reply, trailers: {} }],
    [
      "half a message",
      { type: "application/grpc+proto", body: reply.subarray(0, 7), trailers: { "grpc-status": "0" } },
    ],
    ["a wrong type", { type: "text/html", body: Buffer.from("<p>"), trailers: {} }],
  ] as const;

  it.each(answers)("sends and gets the same: %s", async (_, answer) => {
    const [bare, observed] = [await asked(false, answer), await asked(true, answer)];
    expect(observed).toEqual(bare);
    expect(bare.request.body.length).toBeGreaterThan(0);
  });
});

/** Makes a call to a server with or without the kit: what came back, and what its handler saw. */
async function served<T>(observed: boolean, call: (url: string) => Promise<T>) {
  const seen: unknown[] = [];
  const { url } = await startChat(handlers(seen), { observed });
  return { answer: await call(url), seen };
}

function handlers(seen: unknown[]): ChatHandlers {
  const act = (text: string, { responseHeader, responseTrailer }: HandlerContext) => {
    seen.push(text);
    responseHeader.set("x-header", text);
    responseTrailer.set("x-trailer", text);
    if (text === "connect error") throw detailed();
    if (text === "error") throw new Error("secret");
    if (text === "string") throw "secret";
    if (text === "null") throw null;
    if (text === "undefined") throw undefined;
    return text === "unwritable" ? { text: Symbol("no text") as never } : { text };
  };
  return {
    say({ text }, context) {
      seen.push(
        [...context.requestHeader].filter(([name]) => !name.startsWith(":")),
        context.protocolName,
      );
      return act(text, context);
    },
    async upload(messages, context) {
      let count = 0;
      try {
        for await (const { text } of messages) {
          count++;
          act(text, context);
          if (text === "nothing") break;
        }
      } finally {
        seen.push("finally");
      }
      return { count };
    },
    async *chat(messages, context) {
      try {
        for await (const { text } of messages) {
          if (text === "nothing") return;
          yield act(text, context);
          if (text === "late error") throw detailed();
        }
      } catch (error) {
        seen.push(`caught ${error}`);
        throw error;
      } finally {
        seen.push("finally");
      }
    },
  };
}

function detailed(): ConnectError {
  const details = [{ desc: ChatResponseSchema, value: { text: "more" } }];
  return new ConnectError("no such room", Code.NotFound, { "x-error": "1" }, details);
}

/** Calls a server of given bytes with or without the kit: what it was sent, and what the client was given. */
async function asked(observed: boolean, answer: Parameters<typeof rawServer>[0]) {
  const server = await rawServer(answer);
  const side = new Side();
  const sessionManager = new Http2SessionManager(server.url);
  onTestFinished(() => sessionManager.abort());
  const interceptors = observed ? [clientInterceptor({ logger: side.log, observers: [side.observe] })] : [];
  const transport = createGrpcTransport({ baseUrl: server.url, sessionManager, interceptors });
  const seen: unknown[] = [];
  const options = {
    headers: { "x-mine": "1" },
    timeoutMs: 60_000,
    onHeader: (header: Headers) => void seen.push([...header].filter(([name]) => name !== "date")),
    onTrailer: (trailer: Headers) => void seen.push([...trailer]),
  };
  try {
    const client = createClient(ChatService, transport);
    for await (const message of client.chat(requests({ text: "a" }, { text: "b" }), options))
      seen.push(message);
  } catch (error) {
    seen.push(
      error,
      error instanceof ConnectError ? [...error.metadata].filter(([name]) => name !== "date") : undefined,
    );
  }
  const { headers, ...request } = await server.request;
  // The time that is left is the one thing that differs.
  return {
    request: { ...request, headers: { ...headers, "grpc-timeout": typeof headers["grpc-timeout"] } },
    seen,
  };
}

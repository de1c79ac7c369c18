import { create } from "@bufbuild/protobuf";
import {
  createContextValues,
  createHandlerContext,
  type HandlerContext,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  ChatService,
  SayRequestSchema,
  SayResponseSchema,
} from "../examples/chat/gen/chat/v1/chat_pb.js";

/** What an interceptor wraps. Connect does not export the type. */
export type Next = ReturnType<Interceptor>;

/** A bidi handler of the chat service, whose replies are complete messages. */
export type ChatHandler = (
  requests: AsyncIterable<ChatRequest>,
  context: HandlerContext,
) => AsyncIterable<ChatResponse>;

/** A call that can be made once. */
export interface MadeCall {
  readonly request: UnaryRequest | StreamRequest;
  readonly lifetime: AbortController;
}

/** A unary call with a request of its own, as a transport would bring it. */
export function unaryCall(): MadeCall {
  const lifetime = startLifetime();
  const request: UnaryRequest = {
    stream: false,
    service: ChatService,
    method: say,
    requestMethod: "POST",
    url,
    signal: lifetime.signal,
    header: requestHeader,
    contextValues: createContextValues(),
    message: sayRequest,
  };
  return { lifetime, request };
}

/** A bidi stream. */
export function chatCall(message: AsyncIterable<ChatRequest>): MadeCall {
  const lifetime = startLifetime();
  const request: StreamRequest = {
    stream: true,
    service: ChatService,
    method: chat,
    requestMethod: "POST",
    url,
    signal: lifetime.signal,
    header: requestHeader,
    contextValues: createContextValues(),
    message,
  };
  return { lifetime, request };
}

/** Makes a call without a transport, until all replies are read and Connect would have aborted its signal. */
export async function runCall(next: Next, { request, lifetime }: MadeCall): Promise<void> {
  const response = await next(request);
  if (response.stream) {
    for await (const _ of response.message) {
      // Only that it is read.
    }
  }
  lifetime.abort(done);
}

/** The innermost function of a unary call: it runs the handler and answers at once. */
export function unaryNext(handler: (context: HandlerContext) => void): Next {
  return async (request) => {
    handler(contextOfRequest(sayContext, request));
    return { stream: false, service: ChatService, method: say, header, trailer, message: sayResponse };
  };
}

/** The innermost function of a bidi stream. */
export function streamNext(handler: ChatHandler): Next {
  return async (request) => {
    const requests = request.message as AsyncIterable<ChatRequest>;
    const message = handler(requests, contextOfRequest(chatContext, request));
    return { stream: true, service: ChatService, method: chat, header, trailer, message };
  };
}

/** A stream of small messages. */
export async function* chatRequests(count: number): AsyncGenerator<ChatRequest> {
  for (let n = 0; n < count; n++) yield chatRequest;
}

/** A stream of small messages, each with a trace of its own. */
export async function* tracedRequests(count: number): AsyncGenerator<ChatRequest> {
  for (let n = 0; n < count; n++) {
    yield create(ChatRequestSchema, { text: "hello", traceMetadata: { traceparent: traceparent(n) } });
  }
}

/** The trace context of the n-th message. One in ten is sampled. */
export function traceparent(n: number): string {
  const id = (n + 1).toString(16);
  return `00-${id.padStart(32, "a")}-${id.padStart(16, "b")}-${n % 10 === 0 ? "01" : "00"}`;
}

const { say, chat } = ChatService.method;
const sayRequest = create(SayRequestSchema, { text: "hello" });
const sayResponse = create(SayResponseSchema, { text: "you said: hello" });
const chatRequest = create(ChatRequestSchema, { text: "hello" });
const header = new Headers();
const trailer = new Headers();
const requestHeader = new Headers({ "content-type": "application/grpc+proto" });
const url = "http://localhost/chat.v1.ChatService";
const fixed = { requestMethod: "POST", url, service: ChatService, protocolName: "grpc" };
const sayContext = createHandlerContext({ ...fixed, method: say });
const chatContext = createHandlerContext({ ...fixed, method: chat });
const done = new Error("the call is over");

/** A signal as Connect makes it: it has a listener of Connect's own, and aborts after success as well. */
function startLifetime(): AbortController {
  const controller = new AbortController();
  controller.signal.addEventListener("abort", ignore);
  return controller;
}

function contextOfRequest(template: HandlerContext, request: UnaryRequest | StreamRequest): HandlerContext {
  const { signal, contextValues: values } = request;
  return { ...template, signal, values, requestHeader: request.header };
}

function ignore(): void {}

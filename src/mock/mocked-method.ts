import type { DescMethod, Message, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { messageText } from "./message-text.js";
import { streamsResponses } from "./method-kind.js";
import { Recording } from "./recorded-call.js";

type Init = MessageInitShape<DescMethod["output"]>;

/** A handler of any kind of method, as the router calls it. */
export type AnyHandler = (
  request: Message | AsyncIterable<Message>,
  context: HandlerContext,
) => Init | Promise<Init> | AsyncIterable<Init>;

/** What a mock does when one of its methods is called. */
export interface MockedCalls {
  /** Somebody has called. */
  begun(call: Recording): void;
  /** The answer to that call, which is shown only in errors. @throws when none was expected */
  answer(method: DescMethod, call: () => string): AnyHandler;
  /** A handler has thrown that. */
  threw(call: Recording, error: unknown): void;
}

/** The implementation of a mocked method: records the call and answers it as the mock says. */
export function mockedMethod(method: DescMethod, calls: MockedCalls): AnyHandler {
  const answer = streamsResponses(method) ? answerMany : answerOnce;
  return (request, context) => {
    const call = new Recording(method, context);
    const requests = isStream(request) ? call.requestStream(request) : call.request(request);
    calls.begun(call);
    // Looked up now, not at the first read: calls are expected in the order in which they begin.
    const handler = handlerFor(method, request, calls);
    return answer(call, calls, () => handler(requests, context));
  };
}

async function answerOnce(call: Recording, calls: MockedCalls, run: () => unknown): Promise<Message> {
  try {
    const answer = call.response(await run());
    call.end();
    return answer;
  } catch (error) {
    calls.threw(call, error);
    call.end(error);
    throw error;
  }
}

async function* answerMany(call: Recording, calls: MockedCalls, run: () => unknown): AsyncGenerator<Message> {
  try {
    yield* call.responseStream(run());
    call.end();
  } catch (error) {
    calls.threw(call, error);
    call.end(error);
    throw error;
  } finally {
    // Neither an end nor an error: the reader has left.
    call.end(new ConnectError("the stream was left before its end", Code.Canceled));
  }
}

/** The handler that the mock has for a call; one that throws where the call was not expected. */
function handlerFor(
  method: DescMethod,
  request: Message | AsyncIterable<Message>,
  calls: MockedCalls,
): AnyHandler {
  try {
    return calls.answer(method, () => `${method.localName}(${requestText(method, request)})`);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function requestText(method: DescMethod, request: Message | AsyncIterable<Message>): string {
  // What streams has not been read yet.
  return isStream(request) ? "…" : messageText(method.input, request);
}

function isStream(request: Message | AsyncIterable<Message>): request is AsyncIterable<Message> {
  return Symbol.asyncIterator in request;
}

import type { Message } from "@bufbuild/protobuf";
import { streamsResponses } from "./method-kind.js";
import type { AnyHandler } from "./mocked-method.js";
import type { ScriptBuilder } from "./script-builder.js";
import type { ScriptRun } from "./script-run.js";

/** A handler that plays a script. */
export function scriptHandler(script: ScriptBuilder, begin: () => ScriptRun): AnyHandler {
  return (request, context) => {
    const answers = begin().play(iterate(request), context);
    return streamsResponses(script.method) ? answers : only(answers);
  };
}

/** What streams, or the one request. */
function iterate(request: Message | AsyncIterable<Message>): AsyncIterator<Message> {
  if (Symbol.asyncIterator in request) return request[Symbol.asyncIterator]();
  return one(request);
}

async function* one(message: Message): AsyncGenerator<Message> {
  yield message;
}

/** The one answer. A script that has none throws instead. */
async function only(answers: AsyncGenerator<Message>): Promise<Message> {
  const { value } = await answers.next();
  return value;
}

import { create, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, isObject } from "../call/options.js";
import { shapeProblem } from "./message-init.js";
import { streamsResponses } from "./method-kind.js";

type Init = MessageInitShape<DescMethod["output"]>;

/**
 * What a handler gave is no answer of its method. It has what was expected and what came, as a failed assertion has: mocks
 * tell by these that the test is wrong, and not the service that it plays.
 */
class WrongAnswer extends TypeError {
  readonly expected: string;
  readonly actual: string;

  constructor(method: DescMethod, verb: "return" | "yield", expected: string, answer: unknown) {
    const actual = shown(answer);
    super(`handler of ${method.localName}: it must ${verb} ${expected}, got ${actual}`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** The message that a handler gave. @throws TypeError when it is none of its method */
export function answerMessage(method: DescMethod, answer: unknown): Message {
  if (shapeProblem(method.output, answer) === undefined) return create(method.output, answer as Init);
  const verb = streamsResponses(method) ? "yield" : "return";
  throw new WrongAnswer(method, verb, `a message of ${method.output.typeName}`, answer);
}

/** The stream that a handler gave. @throws TypeError when it is none */
export function answerStream(method: DescMethod, answer: unknown): AsyncIterable<unknown> {
  if (isObject(answer) && Symbol.asyncIterator in answer) return answer as AsyncIterable<unknown>;
  const expected = `an async iterable of ${method.output.typeName}, as an async function* does`;
  throw new WrongAnswer(method, "return", expected, answer);
}

function shown(answer: unknown): string {
  if (answer instanceof Promise) return "a promise";
  if (isObject(answer) && "$typeName" in answer) return `a message of ${answer.$typeName}`;
  return describe(answer);
}

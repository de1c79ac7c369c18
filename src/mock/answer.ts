import { create, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, isObject } from "../call/options.js";
import { sendingProblem, shapeProblem } from "./message-init.js";
import { streamsResponses } from "./method-kind.js";

type Init = MessageInitShape<DescMethod["output"]>;

/** What a handler gave is no answer of its method: the test is wrong, and not the service that it plays. */
export class WrongAnswer extends TypeError {
  constructor(method: DescMethod, verb: "return" | "yield", expected: string, actual: string) {
    super(`handler of ${method.localName}: it must ${verb} ${expected}, got ${actual}`);
  }
}

/** The message that a handler gave. @throws TypeError when it is none of its method */
export function answerMessage(method: DescMethod, answer: unknown): Message {
  const { output } = method;
  const wrong = (actual: string) => {
    const verb = streamsResponses(method) ? "yield" : "return";
    return new WrongAnswer(method, verb, `a message of ${output.typeName}`, actual);
  };
  if (shapeProblem(output, answer) !== undefined) throw wrong(shown(answer));
  const message = create(output, answer as Init);
  const flaw = sendingProblem(output, message);
  if (flaw !== undefined) throw wrong(`one that can't be sent: ${flaw}`);
  return message;
}

/** The stream that a handler gave. @throws TypeError when it is none */
export function answerStream(method: DescMethod, answer: unknown): AsyncIterable<unknown> {
  if (isObject(answer) && Symbol.asyncIterator in answer) return answer as AsyncIterable<unknown>;
  const expected = `an async iterable of ${method.output.typeName}, as an async function* does`;
  throw new WrongAnswer(method, "return", expected, shown(answer));
}

function shown(answer: unknown): string {
  if (answer instanceof Promise) return "a promise";
  if (isObject(answer) && "$typeName" in answer) return `a message of ${answer.$typeName}`;
  return describe(answer);
}

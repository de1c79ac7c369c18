import { create, type DescMessage, type Message, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, isObject } from "../call/options.js";
import { errorMessage } from "./error-message.js";

/**
 * Makes a message of what a test says it is. Other types and, at the top, unknown names are refused as TypeScript refuses
 * them: without it, a field that is mistyped would say nothing.
 *
 * @returns a message that can be sent; the one that was given, if it is one
 * @throws TypeError that tells what is wrong
 */
export function writtenMessage(desc: DescMessage, init: unknown): Message {
  const problem = shapeProblem(desc, init) ?? nameProblem(desc, init as object);
  if (problem !== undefined) throw new TypeError(problem);
  const message = create(desc, init as MessageInitShape<DescMessage>);
  const flaw = sendingProblem(desc, message);
  if (flaw !== undefined) throw new TypeError(`expected a message that can be sent: ${flaw}`);
  return message;
}

/** Why something is no message of a type, nor what one can be made of; undefined when it is. */
export function shapeProblem(desc: DescMessage, init: unknown): string | undefined {
  const wanted = `expected a message of ${desc.typeName}`;
  if (!isObject(init)) return `${wanted}, got ${describe(init)}`;
  const builtIn = builtIns.find((type) => init instanceof type);
  if (builtIn !== undefined) return `${wanted}, got a ${builtIn.name}`;
  const type = typeOf(init);
  return type === undefined || type === desc.typeName ? undefined : `${wanted}, got one of ${type}`;
}

/** Why a message can't be sent; undefined when it can. */
export function sendingProblem(desc: DescMessage, message: Message): string | undefined {
  try {
    toBinary(desc, message);
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

function nameProblem(desc: DescMessage, init: object): string | undefined {
  if (typeOf(init) !== undefined) return undefined;
  const names = desc.members.map(({ localName }) => localName);
  const unknown = Object.keys(init).find((name) => !names.includes(name));
  if (unknown === undefined) return undefined;
  const known = names.length === 0 ? "it has none" : `there are ${names.join(", ")}`;
  return `${desc.typeName} has no field ${JSON.stringify(unknown)}; ${known}`;
}

/** Objects of the language that have no fields of a message: most of all the promise of one. */
const builtIns = [Promise, Date, Map, Set];

/** The name of a message's type; undefined for an object that is no message yet. */
function typeOf(init: object): string | undefined {
  return "$typeName" in init ? String(init.$typeName) : undefined;
}

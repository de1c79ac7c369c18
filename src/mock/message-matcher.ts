import {
  type DescMessage,
  equals,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { describe } from "../call/options.js";
import { writtenMessage } from "./message-init.js";
import { messageText } from "./message-text.js";

/**
 * What a message is expected to be: equal to this one, or such that this function says so: it returns false or throws for
 * a message that is not, and true or nothing for one that is.
 */
export type Expected<I extends DescMessage> =
  | MessageInitShape<I>
  | ((message: MessageShape<I>) => boolean | void);

/** Compares messages with what is expected. */
export interface MessageMatcher {
  /** What is expected, as errors show it. */
  readonly text: string;
  /** Why a message is not the expected one; undefined when it is. */
  mismatch(message: Message): string | undefined;
}

/**
 * Makes a matcher.
 *
 * @param expected - any message will do when it's undefined
 * @throws TypeError for what is no message of that type, or cannot be sent
 */
export function messageMatcher(
  desc: DescMessage,
  expected: Expected<DescMessage> | undefined,
): MessageMatcher {
  if (expected === undefined) return { text: "any message", mismatch: () => undefined };
  if (typeof expected === "function") return predicateMatcher(expected);
  return equalityMatcher(desc, writtenMessage(desc, expected));
}

function predicateMatcher(accepts: (message: Message) => unknown): MessageMatcher {
  return {
    text: `a message that ${accepts.name || oneLine(String(accepts))} accepts`,
    mismatch(message) {
      try {
        return refusal(accepts(message));
      } catch (error) {
        return `it threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
      }
    },
  };
}

/** Why a message is refused, by what a predicate returned. */
function refusal(returned: unknown): string | undefined {
  if (returned === true || returned === undefined) return undefined;
  if (returned === false) return "it returned false";
  if (!isThenable(returned))
    return `it returned ${describe(returned)}: it must return true, false or nothing`;
  // What it comes to would come too late.
  returned.then(undefined, () => {});
  return "it returned a promise: it must answer at once";
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Unknown fields, which extensions are, too, are not looked at unless there are some in the expected message, nor is trace
 * metadata unless it is expected: interceptors add them.
 */
function equalityMatcher(desc: DescMessage, given: Message): MessageMatcher {
  // The codec rounds a float, for one: compared is what would come through it.
  const whole = toBinary(desc, given);
  const expected = fromBinary(desc, whole);
  const writeUnknownFields = whole.length > toBinary(desc, expected, { writeUnknownFields: false }).length;
  // NaN is not equal to itself, but its bytes are.
  const bytes = toBinary(desc, expected, { writeUnknownFields });
  const hasBytes = (message: Message) => isSame(bytes, toBinary(desc, message, { writeUnknownFields }));
  const metadata = metadataField(desc);
  const isAsked = metadata !== undefined && !isEmpty(expected[metadata as keyof Message]);
  return {
    text: messageText(desc, expected),
    mismatch(message) {
      const seen = metadata === undefined || isAsked ? message : without(message, metadata);
      const isEqual = (!writeUnknownFields && equals(desc, expected, seen)) || hasBytes(seen);
      return isEqual ? undefined : "";
    },
  };
}

/** The field in which the kit carries trace metadata, by its name in TypeScript. */
function metadataField(desc: DescMessage): string | undefined {
  const field = desc.fields.find(({ name, fieldKind }) => name === "trace_metadata" && fieldKind === "map");
  return field?.localName;
}

/** A copy with an empty map in one field. Defaults of proto2 are on the prototype: the copy has it, too. */
function without(message: Message, field: string): Message {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, { [field]: {} });
}

function isEmpty(map: unknown): boolean {
  return map === undefined || Object.keys(map as object).length === 0;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function oneLine(source: string): string {
  return source.replace(/\s+/g, " ").trim();
}

import {
  create,
  type DescMessage,
  equals,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { messageText } from "./message-text.js";

/**
 * What a message is expected to be: equal to this one, or such that this function says so: it returns false or throws for
 * a message that is not.
 */
export type Expected<I extends DescMessage> = MessageInitShape<I> | ((message: MessageShape<I>) => unknown);

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
 */
export function messageMatcher(
  desc: DescMessage,
  expected: Expected<DescMessage> | undefined,
): MessageMatcher {
  if (expected === undefined) return { text: "any message", mismatch: () => undefined };
  if (typeof expected === "function") return predicateMatcher(expected);
  return equalityMatcher(desc, create(desc, expected));
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
  if (returned === false) return "it returned false";
  if (!(returned instanceof Promise)) return undefined;
  // What it comes to would come too late.
  returned.catch(() => {});
  return "it returned a promise: it must answer at once";
}

/** Unknown fields are not looked at, nor is trace metadata unless it is expected: interceptors add them. */
function equalityMatcher(desc: DescMessage, expected: Message): MessageMatcher {
  const metadata = metadataField(desc);
  const isAsked = metadata !== undefined && !isEmpty(expected[metadata as keyof Message]);
  return {
    text: messageText(desc, expected),
    mismatch(message) {
      const seen = metadata === undefined || isAsked ? message : without(message, metadata);
      return equals(desc, expected, seen) ? undefined : "";
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

function oneLine(source: string): string {
  return source.replace(/\s+/g, " ").trim();
}

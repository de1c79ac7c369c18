import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import type { Json } from "../call/json.js";
import { MessageWriter } from "./message-writer.js";

/** Options of {@link redactedJson}. */
export interface RedactedJsonOptions {
  /** How many characters are kept; what is longer ends in `…[cut]` and is no valid JSON. Default 1024. */
  readonly maxSize?: number;
  /** Knows the types in `Any` and the extensions that the message's own files do not know. */
  readonly registry?: Registry | undefined;
}

/**
 * Writes a message in protobuf's JSON mapping, without what its schema keeps secret: of a field with `debug_redact`
 * there is only that it is set, at any depth, in `Any` and in extensions too. Unknown fields are left out.
 *
 * Its work is bounded by `maxSize`, except that JavaScript lists all keys of a map before it gives the first: about a
 * microsecond each, half of it where the map is redacted. It never throws. What is no valid value of its field is
 * `"[invalid]"`; an `Any` of a type that is not known tells its type and size.
 *
 * @param desc - the message's type
 */
export function redactedJson(
  desc: DescMessage,
  message: Message,
  { maxSize = defaultMaxSize, registry }: RedactedJsonOptions = {},
): Json {
  const writer = new MessageWriter(maxSize, registry);
  writer.message(desc, message);
  return writer.json.finish();
}

/** How many characters of a message are kept. */
export const defaultMaxSize = 1024;

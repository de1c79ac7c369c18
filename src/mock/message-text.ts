import type { DescMessage, Message } from "@bufbuild/protobuf";
import { redactedJson } from "../payloads/index.js";

/** A message as errors show it: JSON, cut at 500 characters, without the values of fields with `debug_redact`. */
export function messageText(desc: DescMessage, message: Message): string {
  return String(redactedJson(desc, message, { maxSize: 500 }));
}

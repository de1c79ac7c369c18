import type { DescMessage, Message } from "@bufbuild/protobuf";
import { redactedJson } from "../payloads/index.js";

/** A message as errors show it: JSON, cut at 500 characters, without the values of fields with `debug_redact`. */
export function messageText(desc: DescMessage, message: Message): string {
  return String(redactedJson(desc, message, { maxSize: 500 }));
}

/** Where two messages may differ that have the same text. */
export function differsUnseen(text: string): string {
  const places = [
    ...(text.includes('"[redacted]"') ? ["a field with debug_redact"] : []),
    ...(text.endsWith("…[cut]") ? ["what was cut"] : []),
  ];
  if (places.length === 0) places.push("unknown fields", "extensions", "the content of an Any");
  return `it differs in what is not shown: ${places.join(", or ")}`;
}

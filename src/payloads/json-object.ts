import { isObject } from "../call/options.js";
import type { MessageWriter } from "./message-writer.js";

/** Writes a `google.protobuf.Struct` as protobuf-es holds it in a field: an object of plain JSON. */
export function writeJsonObject(to: MessageWriter, value: unknown): void {
  if (isObject(value)) writeJson(to, value);
  else to.invalid();
}

function writeJson(to: MessageWriter, value: unknown): void {
  switch (typeof value) {
    case "string":
      to.json.string(value);
      break;
    case "number":
      to.json.add(Number.isFinite(value) ? `${value}` : `"${value}"`);
      break;
    case "boolean":
      to.json.add(`${value}`);
      break;
    case "object":
      if (value === null) to.json.add("null");
      else to.nested(Array.isArray(value) ? writeArray : writeObject, value);
      break;
    default:
      to.invalid();
  }
}

function writeArray(to: MessageWriter, value: unknown): void {
  to.list(value as readonly unknown[], writeJson);
}

function writeObject(to: MessageWriter, value: unknown): void {
  to.map(value as Readonly<Record<string, unknown>>, writeJson);
}

import type { AttributeValue } from "@opentelemetry/api";
import { isJson } from "../call/json.js";
import { rfc3339 } from "./format-time.js";
import type { LogValue } from "./types.js";

/**
 * A field's value as an attribute of a span or a log record: as it is where attributes know its type, else as text.
 * A list stays one when all its items are of one such type, and becomes a list of texts otherwise.
 */
export function attributeValue(value: LogValue): AttributeValue {
  if (isList(value)) return isUniform(value) ? ([...value] as AttributeValue) : value.map(text);
  return isPrimitive(value) ? value : text(value);
}

function isList(value: LogValue): value is readonly LogValue[] {
  return Array.isArray(value);
}

function isUniform(list: readonly LogValue[]): boolean {
  return list.every((item) => isPrimitive(item) && typeof item === typeof list[0]);
}

function isPrimitive(value: LogValue): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function text(value: LogValue): string {
  if (isJson(value)) return value.text;
  if (value instanceof Date) return rfc3339(value.getTime());
  return isList(value) ? `[${value.map(text).join(",")}]` : `${value}`;
}

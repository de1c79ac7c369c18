import { isJson, type Json } from "../call/json.js";
import { unicodeEscape } from "../call/logfmt.js";
import { rendered } from "./entry.js";
import { rfc3339 } from "./format-time.js";
import { memoized } from "./memoized.js";
import type { Field, LogEntry, LogValue } from "./types.js";

const bare = /^[ !#-[\]-~]*$/;
// JSON allows these inside a string, but some readers end a line at them, and terminals obey them.
const unsafe = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const belowSpace = /[^ -\uffff]/;
const quotedKey = memoized((key) => `${jsonString(key)}:`);

/**
 * Formats a line as one JSON object: `{"time":…,"level":…,…}`, valid whatever the values are. What JSON has no
 * number for (`NaN`, an infinity, a bigint) is a string.
 *
 * @param entry - what to print
 */
export function formatJson(entry: LogEntry): string {
  const { time, severity } = entry.keys;
  const head = `{${quotedKey(time)}"${rfc3339(entry.time)}",${quotedKey(severity)}"${entry.severity}"`;
  return `${head}${rendered(entry, jsonFields)}}`;
}

function jsonFields(fields: readonly Field[]): string {
  let text = "";
  for (const [key, value] of fields) text += `,${quotedKey(key)}${jsonValue(value)}`;
  return text;
}

function jsonValue(value: LogValue): string {
  switch (typeof value) {
    case "string":
      return jsonString(value);
    case "number":
      return Number.isFinite(value) ? `${value}` : `"${value}"`;
    case "bigint":
      return `"${value}"`;
    default:
      return typeof value === "boolean" || value === null ? `${value}` : objectJson(value);
  }
}

function objectJson(value: Date | Json | readonly LogValue[]): string {
  if (isJson(value)) return embedded(value);
  if (!(value instanceof Date)) return `[${value.map(jsonValue).join(",")}]`;
  return Number.isNaN(value.getTime()) ? "null" : `"${rfc3339(value.getTime())}"`;
}

/** JSON may have line breaks between its parts: then it can't stand in a line as it is. */
function embedded(json: Json): string {
  const isOneLine = !json.truncated && !belowSpace.test(json.text);
  return isOneLine ? json.text.replace(unsafe, unicodeEscape) : jsonString(json.text);
}

function jsonString(text: string): string {
  return bare.test(text) ? `"${text}"` : JSON.stringify(text).replace(unsafe, unicodeEscape);
}

import { rendered } from "./entry.js";
import { rfc3339 } from "./format-time.js";
import { memoized } from "./memoized.js";
import type { Field, LogEntry, LogValue } from "./types.js";
import { Json } from "./value.js";

// What could end a line, steer a terminal, turn the direction of reading or is no character at all.
const unsafe = "\\p{Cc}\\p{Cs}\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff";
const escaped = new RegExp(`["\\\\${unsafe}]`, "gu");
const notInKey = new RegExp(`[\\s="${unsafe}]`, "gu");
const quoted = new RegExp(`^$|[\\s="\\\\${unsafe}]`, "u");
const bare = /^[!#-<>-[\]-~]+$/;
const shortEscapes: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
};

/**
 * Formats a line as logfmt: `time=2026-11-21T01:02:03.004Z level=info msg="saying hi" to=bob`.
 * No value can forge a line or a field, or steer the terminal that shows it.
 *
 * @param entry - what to print
 */
export function formatText(entry: LogEntry): string {
  const { time, severity } = entry.keys;
  const head = `${textKey(time)}=${rfc3339(entry.time)} ${textKey(severity)}=${entry.severity}`;
  return head + rendered(entry, textFields);
}

function textFields(fields: readonly Field[]): string {
  let text = "";
  for (const [key, value] of fields) text += ` ${textKey(key)}=${textValue(value)}`;
  return text;
}

/**
 * A key as logfmt can hold it: what would end or hide it becomes `_`.
 *
 * @param key - any text
 */
export const textKey: (key: string) => string = memoized((key) => key.replace(notInKey, "_") || "_");

/**
 * A value as logfmt writes it, in quotes and escaped where that is needed.
 *
 * @param value - any value of a field
 */
export function textValue(value: LogValue): string {
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  const text = plainText(value);
  if (bare.test(text)) return text;
  return quoted.test(text) ? `"${text.replace(escaped, escapeCharacter)}"` : text;
}

function plainText(value: LogValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Json) return value.text;
  if (value instanceof Date) return rfc3339(value.getTime());
  if (Array.isArray(value)) return `[${value.map(plainText).join(",")}]`;
  return `${value}`;
}

function escapeCharacter(character: string): string {
  return shortEscapes[character] ?? unicodeEscape(character);
}

/**
 * A character as `\uXXXX`.
 *
 * @param character - one UTF-16 unit
 */
export function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

import { isJson } from "../call/json.js";
import { logfmtKey, logfmtText } from "../call/logfmt.js";
import { rendered } from "./entry.js";
import { rfc3339 } from "./format-time.js";
import { memoized } from "./memoized.js";
import type { Field, LogEntry, LogValue } from "./types.js";

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
export const textKey: (key: string) => string = memoized(logfmtKey);

/**
 * A value as logfmt writes it, in quotes and escaped where that is needed.
 *
 * @param value - any value of a field
 */
export function textValue(value: LogValue): string {
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  return logfmtText(plainText(value));
}

function plainText(value: LogValue): string {
  if (typeof value === "string") return value;
  if (isJson(value)) return value.text;
  if (value instanceof Date) return rfc3339(value.getTime());
  if (Array.isArray(value)) return `[${value.map(plainText).join(",")}]`;
  return `${value}`;
}

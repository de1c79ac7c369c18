import { cut } from "../call/cut.js";
import { errorText } from "../call/error-text.js";
import { isJson, Json } from "../call/json.js";
import { boundedBigint, boundedJson } from "./bounded-json.js";
import type { LogValue } from "./types.js";

export { boundedJson, Json };

const maxDepth = 8;

/**
 * Keeps a value as it is now, within a bounded size. The caller may change the original afterwards.
 * Never throws, whatever the value does when it is read.
 *
 * @param value - anything
 * @param maxSize - how many characters of it are kept; what is cut says so, and how long it was
 * @returns the value to log; undefined for undefined: the field is left out
 */
export function snapshot(value: unknown, maxSize: number): LogValue | undefined {
  switch (typeof value) {
    case "string":
      return value.length <= maxSize ? value : cut(value, maxSize);
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "bigint":
      return boundedBigint(value, maxSize);
    case "symbol":
      return `Symbol(${cut(value.description ?? "", maxSize)})`;
    case "object":
    case "function":
      return value === null ? null : guarded(value, maxSize);
  }
}

function guarded(value: object, maxSize: number): LogValue {
  try {
    return objectSnapshot(value, new Budget(maxSize), []);
  } catch {
    return "[unreadable]";
  }
}

function objectSnapshot(value: object, budget: Budget, parents: readonly object[]): LogValue {
  if (typeof value === "function") return functionText(value, budget.left);
  if (Array.isArray(value)) return arraySnapshot(value, budget, parents);
  if (isJson(value)) return value;
  if (value instanceof Error) return errorText(value, budget.left);
  if (value instanceof Date) return new Date(value.getTime());
  return jsonSnapshot(value, budget.left);
}

/** A URL or a few bytes are just a text in JSON: without its quotes it reads better. */
function jsonSnapshot(value: object, maxSize: number): LogValue {
  const json = boundedJson(value, maxSize);
  const text = json.text.startsWith('"') ? json.toJSON() : undefined;
  return typeof text === "string" && !json.truncated ? text : json;
}

/** What an array and all within it may still take. */
class Budget {
  constructor(public left: number) {}
}

function arraySnapshot(array: readonly unknown[], budget: Budget, parents: readonly object[]): LogValue {
  if (parents.includes(array)) return "[circular]";
  if (parents.length >= maxDepth) return "[too deep]";
  const items: LogValue[] = [];
  const inner = [...parents, array];
  for (let i = 0; i < array.length; i++) {
    if (budget.left <= 0) {
      items.push(`…[cut from ${array.length} items]`);
      break;
    }
    items.push(itemSnapshot(array[i], budget, inner));
  }
  return items;
}

function itemSnapshot(item: unknown, budget: Budget, parents: readonly object[]): LogValue {
  const isObject = (typeof item === "object" && item !== null) || typeof item === "function";
  const kept = isObject ? objectSnapshot(item, budget, parents) : (snapshot(item, budget.left) ?? null);
  budget.left -= textSize(kept);
  return kept;
}

/** Roughly what a format prints for it. An array's items have been counted one by one. */
function textSize(value: LogValue): number {
  if (typeof value === "string") return value.length + 1;
  if (isJson(value)) return value.text.length + 1;
  if (typeof value === "bigint") return value.toString().length + 1;
  return 8;
}

function functionText(value: object, maxSize: number): string {
  const name = (value as { name?: unknown }).name;
  return `[Function: ${typeof name === "string" && name !== "" ? cut(name, maxSize) : "(anonymous)"}]`;
}

import { isError, prefix, property } from "./cut.js";

const maxCauses = 8;
const maxErrors = 5;
const maxNesting = 2;
const maxRelated = 16;

/**
 * An error as one bounded text, with what caused it: `TypeError: x; cause: Error: y`. Never throws.
 *
 * @param error - an error; an AggregateError's errors are told too
 * @param maxSize - how many characters are kept; what is longer ends in `…[cut]`
 */
export function errorText(error: Error, maxSize: number): string {
  const text = chainText(error, maxSize, []);
  return text.length <= maxSize ? text : `${prefix(text, maxSize)}…[cut]`;
}

/** Ends soon after `maxSize`: each part gets the room that is left, and none is begun when there is no more. */
function chainText(error: unknown, maxSize: number, parents: readonly unknown[]): string {
  let text = "";
  for (const link of errorChain(error)) {
    if (text.length > maxSize) break;
    if (text !== "") text += "; cause: ";
    text += linkText(link, maxSize - text.length, parents);
  }
  return text;
}

/**
 * The error and what caused it, down to the eighth cause. It ends at the first error that comes twice.
 *
 * @param error - what was thrown, an error or not
 */
export function errorChain(error: unknown): readonly unknown[] {
  const chain: unknown[] = [error];
  for (let last = error; isError(last) && chain.length <= maxCauses; ) {
    last = property(last, "cause");
    if (last === undefined || chain.includes(last)) break;
    chain.push(last);
  }
  return chain;
}

/**
 * An error, what caused it, and what an AggregateError among these holds together: a bounded number of errors, each
 * once, with the error itself first.
 *
 * @param error - what was thrown, an error or not
 */
export function relatedErrors(error: unknown): readonly unknown[] {
  const related = new Set<unknown>();
  const add = (from: unknown): void => {
    for (const link of errorChain(from)) {
      if (related.size >= maxRelated || related.has(link)) return;
      related.add(link);
      const errors = property(link, "errors");
      if (!isList(errors)) continue;
      for (let i = 0; i < Math.min(Number(property(errors, "length")), maxErrors); i++)
        add(property(errors, `${i}`));
    }
  };
  add(error);
  return [...related];
}

function linkText(link: unknown, room: number, parents: readonly unknown[]): string {
  if (!isError(link)) return prefix(plainText(link), room + 1);
  if (parents.includes(link)) return "[circular]";
  const name = textProperty(link, "name", room) || "Error";
  const message = textProperty(link, "message", room);
  const text = message === "" ? name : `${name}: ${message}`;
  const errors = property(link, "errors");
  return isList(errors) ? text + errorsText(errors, room - text.length, [...parents, link]) : text;
}

/** What was thrown and is no error. An object stays out: what it holds was not made for a line of text. */
export function plainText(value: unknown): string {
  const isOpaque = (typeof value === "object" && value !== null) || typeof value === "function";
  return isOpaque ? `[${typeof value}]` : String(value);
}

/** One character more than there is room for: so it is seen that something is cut. */
function textProperty(error: Error, key: string, room: number): string {
  const value = property(error, key);
  return typeof value === "string" ? prefix(value, room + 1) : "";
}

function errorsText(errors: unknown, room: number, parents: readonly unknown[]): string {
  const length = Number(property(errors, "length"));
  if (!(length > 0) || parents.length > maxNesting) return "";
  let text = "";
  for (let i = 0; i < Math.min(length, maxErrors) && text.length <= room; i++) {
    text += `${i > 0 ? ", " : ""}${chainText(property(errors, `${i}`), room - text.length, parents)}`;
  }
  const rest = length > maxErrors ? `, …[${length - maxErrors} more]` : "";
  return `; errors: [${text}${rest}]`;
}

function isList(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

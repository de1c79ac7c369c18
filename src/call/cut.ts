/**
 * Shortens a text to `maxSize` characters and says so behind it: `aaaa…[cut from 5000]`.
 * A text that fits is returned as it is.
 *
 * @param text - any text
 * @param maxSize - how many characters (UTF-16 units) are kept at most
 */
export function cut(text: string, maxSize: number): string {
  return text.length <= maxSize ? text : flat(`${prefix(text, maxSize)}…[cut from ${text.length}]`);
}

/**
 * The first characters of a text, without half of a surrogate pair at the end.
 *
 * @param text - any text
 * @param size - how many characters (UTF-16 units) at most
 */
export function prefix(text: string, size: number): string {
  const end = size > 0 ? Math.floor(size) : 0;
  const last = text.charCodeAt(end - 1);
  const next = text.charCodeAt(end);
  const splitsPair = last >= 0xd800 && last <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
  return text.slice(0, splitsPair ? end - 1 : end);
}

/**
 * Reads a property of anything; undefined when there is none or when reading it throws.
 *
 * @param value - an object, or anything else
 * @param key - the property's name
 */
export function property(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/**
 * Whether a value is an error; false too for one that can't even be asked (a revoked proxy).
 *
 * @param value - anything
 */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false;
  }
}

/** A slice keeps the whole string that it was cut from in memory; what JSON parses is a string of its own. */
function flat(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

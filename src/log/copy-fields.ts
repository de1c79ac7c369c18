import type { FieldsCopy } from "./line.js";
import type { Fields, LogValue } from "./types.js";
import { snapshot } from "./value.js";

/**
 * Copies fields as they are now: the caller may change them afterwards. Never throws: fields that cannot be read are
 * told as such.
 *
 * @param fields - the first 64 of them are kept
 * @param maxSize - how many characters of one value are kept
 */
export function copyFields(fields: Fields, maxSize: number): FieldsCopy {
  if (typeof fields !== "object" || fields === null) return { fields: snapshot(fields, maxSize) };
  try {
    const copy: Record<string, unknown> = { ...fields };
    let count = 0;
    for (const key in copy) {
      const value = copy[key];
      if (++count > maxFields) return firstFields(copy as FieldsCopy);
      if (!isSmall(value, maxSize)) copy[key] = snapshot(value, maxSize);
    }
    return copy as FieldsCopy;
  } catch {
    return { fields: "[unreadable]" };
  }
}

/** As many of the fields as are logged: the first 64. */
export function firstFields(fields: FieldsCopy): FieldsCopy {
  const first: Record<string, LogValue | undefined> = {};
  let count = 0;
  for (const key in fields) {
    if (++count > maxFields) break;
    first[key] = fields[key];
  }
  return first;
}

const maxFields = 64;

/** Whether a value can neither change nor be too large: most values, and so the one check that most of them cost. */
function isSmall(value: unknown, maxSize: number): boolean {
  switch (typeof value) {
    case "string":
      return value.length <= maxSize;
    case "number":
    case "boolean":
    case "undefined":
      return true;
    default:
      return value === null;
  }
}

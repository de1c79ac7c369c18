import type { TextMapGetter, TextMapSetter } from "@opentelemetry/api";

/** Lets propagators write metadata. One may not keep to its types, and a value that is no text would break the message. */
export const setter: TextMapSetter<Record<string, string>> = {
  set(metadata, key, value) {
    metadata[key] = String(value);
  },
};

/** Lets propagators read metadata as it came. */
export const getter: TextMapGetter<Readonly<Record<string, unknown>>> = {
  get(metadata, key) {
    const value = metadata[key];
    return typeof value === "string" ? value : undefined;
  },
  keys: (metadata) => Object.keys(metadata),
};

/** Whether an object has no key. */
export function isEmpty(map: Readonly<Record<string, unknown>>): boolean {
  for (const _ in map) return false;
  return true;
}

import { isError } from "../call/cut.js";
import { errorText } from "../call/error-text.js";
import { isJson, type Json, JsonText } from "../call/json.js";

const maxDepth = 32;
const hexBytes = 16;

/**
 * Writes any value as JSON of bounded size, with bounded work, and never throws. It differs from
 * `JSON.stringify` where that throws, loses something or floods: a bigint, `NaN` and an infinity become
 * strings, maps become objects, sets arrays, errors their text, bytes a count and a short hex prefix, a
 * cycle `"[circular]"`; a protobuf message's unknown fields are left out.
 *
 * @param value - anything; undefined, functions and symbols become null
 * @param maxSize - how many characters are kept; what is longer ends in `…[cut]` and is no valid JSON
 */
export function boundedJson(value: unknown, maxSize: number): Json {
  const writer = new Writer(Math.max(maxSize, 0) || 0);
  if (!writer.value(value)) writer.add("null");
  return writer.finish();
}

/**
 * What of a bigint can be printed: itself, or a note when it is longer than that.
 * Writing out a huge one takes long, comparing does not.
 *
 * @param value - any bigint
 * @param maxDigits - how many digits it may have
 */
export function boundedBigint(value: bigint, maxDigits: number): bigint | string {
  if (BigInt.asIntN(64, value) === value && maxDigits >= 20) return value;
  const limit = 10n ** BigInt(Math.min(Math.max(Math.floor(maxDigits), 1), 100_000));
  return value < limit && value > -limit ? value : `[bigint over ${limit.toString().length - 1} digits]`;
}

class Writer extends JsonText {
  readonly #parents: object[] = [];

  /** Writes a value; false when JSON has no place for it, and nothing was written. */
  value(value: unknown): boolean {
    switch (typeof value) {
      case "string":
        return this.string(value);
      case "number":
        return this.add(Number.isFinite(value) ? `${value}` : `"${value}"`);
      case "boolean":
        return this.add(value ? "true" : "false");
      case "bigint":
        return this.add(`"${boundedBigint(value, this.maxSize)}"`);
      case "object":
        return value === null ? this.add("null") : this.#guarded(value);
      default:
        return false;
    }
  }

  /** What a hostile object has written before it threw is taken back: the rest stays valid JSON. */
  #guarded(value: object): boolean {
    if (this.#parents.includes(value)) return this.add('"[circular]"');
    if (this.#parents.length >= maxDepth) return this.add('"[too deep]"');
    const before = this.text;
    this.#parents.push(value);
    const depth = this.#parents.length;
    try {
      return this.#object(value);
    } catch {
      this.text = before;
      return this.add('"[unreadable]"');
    } finally {
      this.#parents.length = depth - 1;
    }
  }

  #object(value: object): boolean {
    if (Array.isArray(value)) return this.#array(value);
    if (isError(value)) return this.string(errorText(value, this.maxSize));
    const plain = unboxed(value);
    if (plain !== value) return this.value(plain);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#set(value);
    const toJson = (value as { toJSON?: unknown }).toJSON;
    if (typeof toJson !== "function") return this.#record(value);
    const result: unknown = toJson.call(value, "");
    return result === value ? this.#record(value) : this.value(result);
  }

  /** By index: an array's own iterator may be replaced, and holes are read as undefined. */
  #array(array: readonly unknown[]): true {
    this.add("[");
    for (let i = 0; i < array.length && this.step(); i++) this.#item(i > 0, array[i]);
    return this.add("]");
  }

  #set(set: ReadonlySet<unknown>): true {
    this.add("[");
    let more = false;
    for (const item of set) {
      if (!this.step()) break;
      this.#item(more, item);
      more = true;
    }
    return this.add("]");
  }

  #item(more: boolean, item: unknown): void {
    if (more) this.add(",");
    if (!this.value(item)) this.add("null");
  }

  #map(map: ReadonlyMap<unknown, unknown>): true {
    this.add("{");
    let more = false;
    for (const [key, value] of map) {
      if (!this.step()) break;
      const name = typeof key === "string" ? key : boundedJson(key, this.maxSize).text;
      more = this.#entry(more, name, value) || more;
    }
    return this.add("}");
  }

  #record(value: object): true {
    const record = value as Readonly<Record<string, unknown>>;
    const isMessage = typeof record.$typeName === "string";
    this.add("{");
    let more = false;
    for (const key of Object.keys(record)) {
      if (!this.step()) break;
      if (isMessage && key === "$unknown") continue;
      more = this.#entry(more, key, readable(record, key)) || more;
    }
    return this.add("}");
  }

  #entry(more: boolean, key: string, value: unknown): boolean {
    const before = this.text;
    if (more) this.add(",");
    this.string(key);
    this.add(":");
    if (this.value(value)) return true;
    this.text = before;
    return false;
  }
}

/** The value inside an object that stands for a plain one, or the object itself. */
function unboxed(value: object): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (isJson(value)) return value.toJSON();
  if (ArrayBuffer.isView(value)) return bytesText(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return bytesText(value, 0, value.byteLength);
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf();
  return value;
}

function bytesText(buffer: ArrayBufferLike, offset: number, length: number): string {
  const shown = new Uint8Array(buffer, offset, Math.min(length, hexBytes));
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `<${length} bytes>${hex === "" ? "" : ` ${hex}`}${length > hexBytes ? "…" : ""}`;
}

function readable(record: Readonly<Record<string, unknown>>, key: string): unknown {
  try {
    return record[key];
  } catch {
    return "[unreadable]";
  }
}

import { type DescEnum, type DescExtension, type DescField, ScalarType } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { isObject } from "../call/options.js";
import { writeJsonObject } from "./json-object.js";
import type { MessageWriter } from "./message-writer.js";
import { isRedactedValue } from "./redaction.js";

/** An object of any shape. */
export type Properties = Readonly<Record<string, unknown>>;

/** Writes a value as JSON. What is no value of its type is written as invalid. */
export type WriteValue = (to: MessageWriter, value: unknown) => void;

/** How to write the value of a field, as protobuf-es holds it in a message. */
export function valueWriter(field: DescField | DescExtension): WriteValue {
  const single = singleWriter(field);
  if (field.fieldKind === "list") return listWriter(single);
  return field.fieldKind === "map" ? mapWriter(single) : single;
}

/** How to write a scalar. */
export function scalarWriter(type: ScalarType): WriteValue {
  switch (type) {
    case ScalarType.STRING:
      return writeString;
    case ScalarType.BYTES:
      return writeBytes;
    case ScalarType.BOOL:
      return writeBool;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.SINT64:
      return writeLong;
    default:
      return writeNumber;
  }
}

/** A 64-bit integer in decimal; undefined when it is none. It may be a bigint, a string, or a number that is whole. */
export function longText(value: unknown): string | undefined {
  if (typeof value === "bigint") return BigInt.asIntN(65, value) === value ? `${value}` : undefined;
  if (typeof value === "string") return /^-?\d{1,20}$/.test(value) ? value : undefined;
  return Number.isInteger(value) ? `${value}` : undefined;
}

/** One value, one item of a list or one value of a map. */
function singleWriter(field: DescField | DescExtension): WriteValue {
  if (field.scalar !== undefined) return scalarWriter(field.scalar);
  if (field.enum !== undefined) return enumWriter(field.enum);
  const { message } = field;
  const [first] = message.fields;
  // Where protobuf-es unwraps: a wrapper in a field of its own is its value, a struct is a plain object.
  if (isWrapperDesc(message) && field.fieldKind === "message" && field.oneof === undefined) {
    return scalarWriter(first?.scalar ?? ScalarType.BYTES);
  }
  const parent = field.kind === "field" ? field.parent : field.extendee;
  if (message.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value") {
    return writeJsonObject;
  }
  return (to, value) => to.message(message, value);
}

function listWriter(item: WriteValue): WriteValue {
  return (to, value) => (Array.isArray(value) ? to.list(value, item) : to.invalid());
}

function mapWriter(item: WriteValue): WriteValue {
  return (to, value) => (isObject(value) ? to.map(value as Properties, item) : to.invalid());
}

/** Unknown values of open enums are numbers. */
function enumWriter(desc: DescEnum): WriteValue {
  if (desc.typeName === "google.protobuf.NullValue") return writeNull;
  const names = new Map(desc.values.map(({ number }) => [number, `"${desc.value[number]?.name}"`]));
  const secret = new Set(desc.values.filter(isRedactedValue).map(({ number }) => number));
  return (to, value) => {
    if (!Number.isInteger(value)) to.invalid();
    else if (secret.has(value as number)) to.redacted();
    else to.json.add(names.get(value as number) ?? `${value}`);
  };
}

function writeNull(to: MessageWriter): void {
  to.json.add("null");
}

function writeString(to: MessageWriter, value: unknown): void {
  if (typeof value === "string") to.json.string(value);
  else to.invalid();
}

function writeBool(to: MessageWriter, value: unknown): void {
  if (typeof value === "boolean") to.json.add(`${value}`);
  else to.invalid();
}

function writeNumber(to: MessageWriter, value: unknown): void {
  if (typeof value === "number") to.json.add(Number.isFinite(value) ? `${value}` : `"${value}"`);
  else to.invalid();
}

function writeLong(to: MessageWriter, value: unknown): void {
  const text = longText(value);
  if (text === undefined) to.invalid();
  else to.json.add(`"${text}"`);
}

/** Three bytes are four characters. Of more than what fills the text, nothing would be seen. */
function writeBytes(to: MessageWriter, value: unknown): void {
  const most = Math.ceil(to.json.left / 4) * 3;
  if (value instanceof Uint8Array) to.json.add(`"${base64Encode(value.subarray(0, most))}"`);
  else to.invalid();
}

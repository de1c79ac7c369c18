import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { writeAny } from "./any.js";
import type { MessageWriter } from "./message-writer.js";
import { longText, type Properties, valueWriter, type WriteValue } from "./value-writers.js";

/**
 * Writes a message in a form of its own.
 *
 * @returns false when its values have no such form: then nothing was written, and it is shown like any message
 */
export type WriteForm = (to: MessageWriter, message: Properties) => boolean;

/** The JSON form of one of protobuf's well-known types; undefined for a type that has none of its own. */
export function wellKnownForm(desc: DescMessage): WriteForm | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return writeAny;
    case "google.protobuf.Timestamp":
      return textForm(timestampText);
    case "google.protobuf.Duration":
      return textForm(durationText);
    case "google.protobuf.FieldMask":
      return textForm(fieldMaskText);
    case "google.protobuf.Struct":
      return fieldForm(desc.field.fields);
    case "google.protobuf.ListValue":
      return fieldForm(desc.field.values);
    case "google.protobuf.Value":
      return valueForm(desc);
    default:
      return isWrapperDesc(desc) ? fieldForm(desc.field.value) : undefined;
  }
}

/** A message that stands for the value of one of its fields. */
function fieldForm(field: DescField | undefined): WriteForm | undefined {
  if (field === undefined) return undefined;
  const write = valueWriter(field);
  return (to, message) => {
    write(to, message[field.localName]);
    return true;
  };
}

function valueForm({ fields }: DescMessage): WriteForm {
  const writers = new Map<unknown, WriteValue>(fields.map((field) => [field.localName, valueWriter(field)]));
  return (to, { kind }) => {
    const { case: name, value } = kind as { readonly case: unknown; readonly value: unknown };
    const write = writers.get(name);
    if (write === undefined || (name === "numberValue" && !Number.isFinite(value))) return false;
    write(to, value);
    return true;
  };
}

/** @param text - undefined for values that have no such text */
function textForm(text: (message: Properties, maxSize: number) => string | undefined): WriteForm {
  return (to, message) => {
    const written = text(message, to.json.left);
    return written !== undefined && to.json.string(written);
  };
}

function timestampText({ seconds, nanos }: Properties): string | undefined {
  const ms = Number(longText(seconds)) * 1000;
  if (!(ms >= firstMs && ms <= lastMs) || !isNanos(nanos) || nanos < 0) return undefined;
  return new Date(ms).toISOString().replace(".000Z", `${fraction(nanos)}Z`);
}

function durationText({ seconds, nanos }: Properties): string | undefined {
  const text = longText(seconds);
  const whole = Number(text);
  if (!(Math.abs(whole) <= maxDurationSeconds) || !isNanos(nanos) || whole * nanos < 0) return undefined;
  return `${whole === 0 && nanos < 0 ? "-" : ""}${text}${fraction(Math.abs(nanos))}s`;
}

/** Paths in camel case, as far as that can be turned back. */
function fieldMaskText({ paths }: Properties, maxSize: number): string | undefined {
  if (!Array.isArray(paths)) return undefined;
  let text = "";
  for (let i = 0; i < paths.length && text.length <= maxSize; i++) {
    const path: unknown = paths[i];
    if (typeof path !== "string" || path.length > maxPathSize || !snakeCase.test(path)) return undefined;
    text += `${i > 0 ? "," : ""}${path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;
  }
  return text;
}

function isNanos(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 999_999_999;
}

/** With 0, 3, 6 or 9 digits. */
function fraction(nanos: number): string {
  return nanos === 0 ? "" : `.${`${nanos}`.padStart(9, "0").replace(/(000){1,2}$/, "")}`;
}

const firstMs = /* @__PURE__ */ Date.parse("0001-01-01T00:00:00Z");
const lastMs = /* @__PURE__ */ Date.parse("9999-12-31T23:59:59Z");
const maxDurationSeconds = 315_576_000_000;
const maxPathSize = 1024;
const snakeCase = /^[^A-Z_]*(_[a-z][^A-Z_]*)*$/;

import {
  type DescEnumValue,
  type DescExtension,
  type DescField,
  getExtension,
  type Message,
} from "@bufbuild/protobuf";
import { FieldOptionsSchema } from "@bufbuild/protobuf/wkt";
import { fieldReader } from "./field-reader.js";
import { typesOf } from "./types-of.js";

/**
 * Whether the values of a field are secret: its option `debug_redact` says so, or it is annotated, by an option of any
 * name, with an enum value that has `debug_redact`.
 */
export function isRedacted(field: DescField | DescExtension): boolean {
  const { options } = field.proto;
  if (options === undefined) return false;
  if (options.debugRedact) return true;
  if (options.$unknown === undefined) return false;
  const types = typesOf(field.kind === "field" ? field.parent.file : field.file);
  return options.$unknown.some(({ no }) => {
    const annotation = types.getExtensionFor(FieldOptionsSchema, no);
    return annotation !== undefined && isSecret(annotation, getExtension(options as Message, annotation));
  });
}

/** Whether an enum value is marked as secret. */
export function isRedactedValue({ proto }: DescEnumValue): boolean {
  return proto.options?.debugRedact === true;
}

/** Whether what an option says is, or holds, an enum value that is marked as secret. */
function isSecret(option: DescField | DescExtension, value: unknown): boolean {
  const values = valuesOf(option, value);
  if (option.enum !== undefined) {
    const { values: all } = option.enum;
    return all.some((known) => isRedactedValue(known) && values.includes(known.number));
  }
  return option.message?.fields.some((field) => values.some((inner) => isSecretIn(field, inner))) ?? false;
}

function isSecretIn(field: DescField, message: unknown): boolean {
  const value =
    typeof message === "object" && message !== null ? fieldReader(field)({ ...message }) : undefined;
  return value !== undefined && isSecret(field, value);
}

function valuesOf({ fieldKind }: DescField | DescExtension, value: unknown): readonly unknown[] {
  if (fieldKind === "list") return value as readonly unknown[];
  return fieldKind === "map" ? Object.values(value as object) : [value];
}

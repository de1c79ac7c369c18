import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  Edition,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

/** A field as a .proto file has it: its type and its number. */
export type FieldOf = readonly [type: string, number: number];

export interface MessageTypeOptions {
  /** Default `proto3`. */
  readonly syntax?: "proto2" | "proto3" | "editions";
  /** Reserved numbers, both ends included. */
  readonly reserved?: readonly [from: number, to: number];
  /** Numbers for extensions, both ends included. */
  readonly extensions?: readonly [from: number, to: number];
}

/**
 * Makes a message type for a test: `messageType({ text: ["string", 1], tags: ["map<string, bytes>", 2] })`. Types are
 * `string`, `bytes`, `int32`, `repeated` ones of these, and maps of them.
 */
export function messageType(
  fields: Readonly<Record<string, FieldOf>>,
  { syntax = "proto3", reserved, extensions }: MessageTypeOptions = {},
): DescMessage {
  const message = create(DescriptorProtoSchema, {
    name: "Made",
    reservedRange: rangeOf(reserved),
    extensionRange: rangeOf(extensions),
  });
  for (const [name, field] of Object.entries(fields)) addField(message, name, field);
  const file = create(FileDescriptorProtoSchema, {
    name: "made.proto",
    package: "made",
    syntax,
    ...(syntax === "editions" && { edition: Edition.EDITION_2023 }),
    messageType: [message],
  });
  const made = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage("made.Made");
  if (made === undefined) throw new Error("the message type was not made");
  return made;
}

function addField(message: DescriptorProto, name: string, [type, number]: FieldOf): void {
  const map = /^map<(\w+), (\w+)>$/.exec(type);
  const repeated = /^repeated (\w+)$/.exec(type);
  if (map === null) {
    message.field.push(fieldOf(name, number, repeated?.[1] ?? type, repeated !== null));
    return;
  }
  const [, key = "", value = ""] = map;
  const entry = `${name}_entry`;
  message.nestedType.push(
    create(DescriptorProtoSchema, {
      name: entry,
      options: { mapEntry: true },
      field: [fieldOf("key", 1, key), fieldOf("value", 2, value)],
    }),
  );
  message.field.push({ ...fieldOf(name, number, "message", true), typeName: `.made.Made.${entry}` });
}

function fieldOf(name: string, number: number, type: string, repeated = false) {
  return create(FieldDescriptorProtoSchema, {
    name,
    jsonName: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    number,
    type: typeOf(type),
    label: repeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
  });
}

function typeOf(type: string): FieldDescriptorProto_Type {
  const found = types[type];
  if (found === undefined) throw new Error(`no type ${type}`);
  return found;
}

const types: Readonly<Record<string, FieldDescriptorProto_Type>> = {
  string: FieldDescriptorProto_Type.STRING,
  bytes: FieldDescriptorProto_Type.BYTES,
  int32: FieldDescriptorProto_Type.INT32,
  message: FieldDescriptorProto_Type.MESSAGE,
};

/** Descriptors leave the end out. */
function rangeOf(range: readonly [from: number, to: number] | undefined) {
  return range === undefined ? [] : [{ start: range[0], end: range[1] + 1 }];
}

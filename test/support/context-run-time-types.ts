import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import {
  Edition,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

/**
 * A message type of another syntax than the chat service's, made at run time:
 * `message Item { optional string kind = 1 [default = "box"]; optional int32 count = 2 [default = 7]; }`.
 */
export function itemType(syntax: "proto2" | "editions"): DescMessage {
  const label = FieldDescriptorProto_Label.OPTIONAL;
  const file = create(FileDescriptorProtoSchema, {
    name: `${syntax}.proto`,
    package: syntax,
    syntax,
    ...(syntax === "editions" && { edition: Edition.EDITION_2023 }),
    messageType: [
      {
        name: "Item",
        field: [
          { name: "kind", number: 1, type: FieldDescriptorProto_Type.STRING, label, defaultValue: "box" },
          { name: "count", number: 2, type: FieldDescriptorProto_Type.INT32, label, defaultValue: "7" },
        ],
      },
    ],
  });
  const type = createFileRegistry(file, () => undefined).getMessage(`${syntax}.Item`);
  if (type === undefined) throw new Error(`no type ${syntax}.Item`);
  return type;
}

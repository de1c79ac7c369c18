/** Message types at random, with one of everything that proto files can have. */
import {
  create,
  createFileRegistry,
  type DescFile,
  type FileRegistry,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  type DescriptorProtoSchema,
  Edition,
  type FieldOptions,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";

/** Draws a value, as `fc.gen()` gives it. */
export type Draw = fc.GeneratorValue;

/** The names of the types that are made. */
export const madeTypes: readonly string[] = ["made.M0", "made.M1", "made.M2"];

/**
 * Makes message types of a random syntax that refer to each other and to the well-known types.
 *
 * @param secrets - whether some fields are secret: by `debug_redact`, or by an option `level` with a value that has it
 */
export function randomSchema(draw: Draw, secrets: boolean): FileRegistry {
  const syntax = draw(fc.constantFrom, "proto2", "proto3", "editions");
  const maker = new SchemaMaker(draw, syntax, secrets);
  const made = create(FileDescriptorProtoSchema, {
    name: "made.proto",
    package: "made",
    syntax,
    ...(syntax === "editions" && { edition: Edition.EDITION_2023 }),
    dependency: [...imported.keys()],
    messageType: madeTypes.map((type) => maker.message(type)),
    enumType: [{ name: "Shown", value: valuesOf("SHOWN_ZERO", "SHOWN_ONE", "SHOWN_TWO") }],
    extension: syntax === "proto3" ? [] : madeTypes.flatMap((type) => maker.extensions(type)),
  });
  return createFileRegistry(made, (name) => imported.get(name));
}

interface Field {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly type: Type;
  readonly label: Label;
  readonly typeName?: string;
  readonly options?: FieldOptions;
  readonly extendee?: string;
  readonly proto3Optional?: boolean;
  readonly oneofIndex?: number;
}

class SchemaMaker {
  private number = 0;

  constructor(
    private readonly draw: Draw,
    private readonly syntax: "proto2" | "proto3" | "editions",
    private readonly secrets: boolean,
  ) {}

  message(type: string): MessageInitShape<typeof DescriptorProtoSchema> {
    const maps: MessageInitShape<typeof DescriptorProtoSchema>[] = [];
    // A oneof must have a field.
    const fields: Field[] = [{ ...this.field(), oneofIndex: 0 }];
    for (let i = this.draw(fc.nat, 7); i > 0; i--) fields.push(this.labelled(type, maps));
    const optional = fields.filter(({ proto3Optional }) => proto3Optional);
    const field = fields.map((one) => {
      return one.proto3Optional ? { ...one, oneofIndex: 1 + optional.indexOf(one) } : one;
    });
    return {
      name: type.slice("made.".length),
      field,
      nestedType: maps,
      oneofDecl: [{ name: "choice" }, ...optional.map(({ name }) => ({ name: `_${name}` }))],
      ...(this.syntax !== "proto3" && { extensionRange: [{ start: 1000, end: 2000 }] }),
    };
  }

  /** One that is single and one that is a list. */
  extensions(type: string): Field[] {
    return [Label.OPTIONAL, Label.REPEATED].map((label) => {
      const field = this.field();
      return { ...field, number: 1000 + this.number, extendee: `.${type}`, label };
    });
  }

  private labelled(type: string, maps: MessageInitShape<typeof DescriptorProtoSchema>[]): Field {
    const field = this.field();
    switch (this.draw(fc.constantFrom, "single", "list", "map", "oneof", "labelled")) {
      case "list":
        return { ...field, label: Label.REPEATED };
      case "map":
        return field.type === Type.GROUP ? field : this.map(type, field, maps);
      case "oneof":
        return { ...field, oneofIndex: 0 };
      case "labelled":
        if (this.syntax === "proto3") return { ...field, proto3Optional: true };
        // A message that has to be there could need one of its own kind, without end.
        return this.syntax === "proto2" && !field.typeName ? { ...field, label: Label.REQUIRED } : field;
      default:
        return field;
    }
  }

  private map(type: string, value: Field, maps: MessageInitShape<typeof DescriptorProtoSchema>[]): Field {
    const { options, ...rest } = value;
    const entry = `Entry${value.number}`;
    const key = { name: "key", jsonName: "key", number: 1, type: this.draw(fc.constantFrom, ...keyTypes) };
    maps.push({
      name: entry,
      options: { mapEntry: true },
      field: [key, { ...rest, name: "value", jsonName: "value", number: 2 }],
    });
    return { ...value, label: Label.REPEATED, type: Type.MESSAGE, typeName: `.${type}.${entry}` };
  }

  private field(): Field {
    const number = ++this.number;
    const name = `f${number}${this.draw(fc.constantFrom, "", "_name", "_to_json")}`;
    // Unlike names (which protobuf-es checks since 2.15), JSON names can have any characters.
    const jsonNames = [name, `j${number}`, `"${number}"`, `constructor${number}`, `Ünïcode${number}`];
    const jsonName = this.draw(fc.constantFrom, ...jsonNames);
    return { name, jsonName, number, label: Label.OPTIONAL, ...this.type(), ...this.options() };
  }

  private options(): Pick<Field, "options"> {
    if (!this.secrets || this.draw(fc.nat, 2) > 0) return {};
    if (this.draw(fc.boolean)) return { options: create(FieldOptionsSchema, { debugRedact: true }) };
    const options = create(FieldOptionsSchema);
    options.$unknown = [{ no: levelOption, wireType: 0, data: new Uint8Array([1]) }];
    return { options };
  }

  private type(): Pick<Field, "type" | "typeName"> {
    switch (this.draw(fc.constantFrom, "scalar", "scalar", "enum", "made", "group", "well-known")) {
      case "scalar":
        return { type: this.draw(fc.constantFrom, ...scalarTypes) };
      case "enum":
        return { type: Type.ENUM, typeName: ".made.Shown" };
      case "well-known":
        return {
          type: Type.MESSAGE,
          typeName: `.google.protobuf.${this.draw(fc.constantFrom, ...wellKnownTypes)}`,
        };
      case "group":
        return { type: this.syntax === "proto2" ? Type.GROUP : Type.MESSAGE, typeName: this.anyMade() };
      default:
        return { type: Type.MESSAGE, typeName: this.anyMade() };
    }
  }

  private anyMade(): string {
    return `.${this.draw(fc.constantFrom, ...madeTypes)}`;
  }
}

function valuesOf(...names: readonly string[]): { name: string; number: number }[] {
  return names.map((name, number) => ({ name, number }));
}

const scalarTypes = [
  Type.DOUBLE,
  Type.FLOAT,
  Type.INT64,
  Type.UINT64,
  Type.INT32,
  Type.FIXED64,
  Type.FIXED32,
  Type.BOOL,
  Type.STRING,
  Type.BYTES,
  Type.UINT32,
  Type.SFIXED32,
  Type.SFIXED64,
  Type.SINT32,
  Type.SINT64,
] as const;

const keyTypes = [Type.STRING, Type.INT32, Type.SINT64, Type.UINT64, Type.FIXED32, Type.BOOL] as const;

const wellKnownTypes = [
  ...["Any", "Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Empty"],
  ...["DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value"],
  ...["BoolValue", "StringValue", "BytesValue"],
];

const levelOption = 50_001;

/** Declares the option `(level)`, one of whose values marks a field as secret. */
const marks = create(FileDescriptorProtoSchema, {
  name: "marks.proto",
  syntax: "proto3",
  dependency: ["google/protobuf/descriptor.proto"],
  enumType: [
    {
      name: "Level",
      value: [
        { name: "OPEN", number: 0 },
        { name: "SECRET", number: 1, options: { debugRedact: true } },
      ],
    },
  ],
  extension: [
    {
      name: "level",
      jsonName: "level",
      number: levelOption,
      extendee: ".google.protobuf.FieldOptions",
      type: Type.ENUM,
      typeName: ".Level",
      label: Label.OPTIONAL,
    },
  ],
});

const wellKnown = [
  file_google_protobuf_descriptor,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** What the made file imports, by name. */
const imported = new Map([...wellKnown, descOf(marks)].map((file) => [file.proto.name, file]));

function descOf(file: FileDescriptorProto): DescFile {
  const desc = createFileRegistry(file, () => file_google_protobuf_descriptor).getFile(file.name);
  if (desc === undefined) throw new Error(`${file.name} was not made`);
  return desc;
}

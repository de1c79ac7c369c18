import { create, createFileRegistry, type DescFile, type FileRegistry } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, it } from "vitest";
import { cornerProtos, registryOf, serviceIn } from "../../test/support/corner-protos.js";
import { SchemaIndex } from "./schema-index.js";

let registry: FileRegistry;
let corners: SchemaIndex;

beforeAll(async () => {
  registry = await registryOf(cornerProtos);
  const services = ["corner.v1.CornerService", "RootlessService"];
  corners = new SchemaIndex(
    services.map((name) => serviceIn(registry, name)),
    [fileIn(registry, "corner/v1/apart.proto")],
  );
});

describe("services", () => {
  it("are those given, each once, sorted", () => {
    const [one, other] = [
      serviceIn(registry, "RootlessService"),
      serviceIn(registry, "corner.v1.OtherService"),
    ];
    expect(new SchemaIndex([other, one, other], []).services).toEqual([
      "RootlessService",
      "corner.v1.OtherService",
    ]);
  });
});

describe("file", () => {
  it("finds the files of the services and all that those import, publicly, weakly or in vain", () => {
    const names = [...registry.files].map(({ proto }) => proto.name);
    expect(names).toHaveLength(19);
    expect(names.filter((name) => corners.file(name)?.proto.name !== name)).toEqual([]);
  });

  it("finds no others", () => {
    const alone = new SchemaIndex([serviceIn(registry, "RootlessService")], []);
    expect(alone.file("root.proto")?.proto.name).toBe("root.proto");
    expect(["corner/v1/two.proto", "root", "", "constructor"].map((name) => alone.file(name))).toEqual(
      Array(4).fill(undefined),
    );
  });
});

describe("fileOfSymbol", () => {
  const symbols: Readonly<Record<string, readonly string[]>> = {
    "corner/v1/services.proto": [
      "corner.v1.CornerService", // a service
      "corner.v1.CornerService.Exchange", // a method
      "corner.v1.OtherService", // not listed, in a file that is sent
    ],
    "corner/v1/two.proto": [
      "corner.v1.Two", // a message
      "corner.v1.Two.name", // a field
      "corner.v1.Two.choice", // a oneof
      "corner.v1.Two.left", // a field in it
      "corner.v1.Two.Group", // a group's message
      "corner.v1.Two.group", // a group's field
      "corner.v1.Two.Group.in_group",
      "corner.v1.Two.by_name",
      "corner.v1.Two.ByNameEntry", // a map's entry
      "corner.v1.Two.ByNameEntry.value",
      "corner.v1.Two.Kind", // a nested enum
      "corner.v1.Two.KIND_B", // its value, where protobuf has it
      "corner.v1.Two.Kind.KIND_B", // and where people look for it
      "corner.v1.Two.Nested.Deeper.Deepest.Bottom",
      "corner.v1.Two.Nested.Deeper.Deepest.BOTTOM_ROCK",
      "corner.v1.Two.Nested.Deeper.Deepest.bottom", // an extension within a message
      "corner.v1.Two.Nested.nested_extension",
      "corner.v1.plain_extension",
      "corner.v1.GroupExtension",
      "corner.v1.groupextension",
    ],
    "corner/v1/three.proto": [
      "corner.v1.Three._maybe", // the oneof of an optional field
      "corner.v1.Three.UPPER_and__odd_",
      "corner.v1.State",
      "corner.v1.STATE_OFF",
      "corner.v1.State.STATE_OFF",
    ],
    "corner/v1/apart.proto": ["corner.v1.Apart.apart", "corner.v1.ApartService"],
    "corner/v1/shared.proto": ["corner.v1.Shared.text"],
    "google/protobuf/empty.proto": ["google.protobuf.Empty"],
    "google/protobuf/descriptor.proto": [
      "google.protobuf.FieldOptions.CType",
      "google.protobuf.MethodOptions",
    ],
    "root.proto": ["Rootless", "Rootless.value", "Rootless.VALUE_ZERO", "RootlessService.Call"],
  };

  it.each(Object.keys(symbols))("finds %s", (file) => {
    const names = symbols[file] ?? [];
    expect(names.map((name) => [name, corners.fileOfSymbol(name)?.proto.name])).toEqual(
      names.map((name) => [name, file]),
    );
  });

  it.each([
    "",
    ".",
    "corner.v1",
    ".corner.v1.Two",
    "corner.v1.Two.",
    "corner.v1.two",
    "corner.v1.Two.nothing",
    "corner.v1.Two.name.deeper",
    "Two",
    "constructor",
    "__proto__",
  ])("does not find %j", (name) => {
    expect(corners.fileOfSymbol(name)).toBe(undefined);
  });
});

describe("extensions", () => {
  it("are found by type and number, wherever they are defined", () => {
    const found = [101, 102, 150, 151, 199, 300, 536870911].map((number) => {
      return corners.fileOfExtension("corner.v1.Two", number)?.proto.name;
    });
    const [two, editions, apart] = ["two", "editions", "apart"].map((name) => `corner/v1/${name}.proto`);
    expect(found).toEqual([two, two, two, two, editions, apart, apart]);
    expect(corners.fileOfExtension("google.protobuf.FieldOptions", 50002)?.proto.name).toBe(
      "corner/v1/options.proto",
    );
  });

  it("that nobody has defined are not found", () => {
    const asked = [
      ["corner.v1.Two", 103],
      ["corner.v1.Two", 1], // a field
      ["corner.v1.Two", -1],
      ["corner.v1.Two.Kind", 101],
      [".corner.v1.Two", 101],
      ["nobody", 101],
    ] as const;
    expect(asked.map(([type, number]) => corners.fileOfExtension(type, number))).toEqual(
      asked.map(() => undefined),
    );
  });

  it("have their numbers listed, sorted", () => {
    expect(corners.extensionNumbers("corner.v1.Two")).toEqual([101, 102, 150, 151, 199, 300, 536870911]);
    expect(corners.extensionNumbers("google.protobuf.FieldOptions")).toEqual([50001, 50002]);
  });

  it("are none of a type that is known, and unknown of one that is not", () => {
    expect(corners.extensionNumbers("corner.v1.Three")).toEqual([]);
    expect(["nobody", "", ".corner.v1.Two"].map((type) => corners.extensionNumbers(type))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("what is there twice", () => {
  it("counts as it is in the first file of that name", () => {
    const [first, second] = [fileOf("a.proto", "First"), fileOf("a.proto", "Second")];
    const index = new SchemaIndex([], [first, second]);
    expect(index.file("a.proto")).toBe(first);
    expect([index.fileOfSymbol("First"), index.fileOfSymbol("Second")]).toEqual([first, undefined]);
  });

  it("counts as the first file defines it", () => {
    const [first, second] = [fileOf("a.proto", "Same"), fileOf("b.proto", "Same")];
    expect(new SchemaIndex([], [first, second]).fileOfSymbol("Same")).toBe(first);
    expect(new SchemaIndex([], [second, first]).fileOfSymbol("Same")).toBe(second);
  });
});

function fileIn(files: FileRegistry, name: string): DescFile {
  const file = files.getFile(name);
  if (file === undefined) throw new Error(`there is no file ${name}`);
  return file;
}

function fileOf(name: string, message: string): DescFile {
  const proto: FileDescriptorProto = create(FileDescriptorProtoSchema, {
    name,
    syntax: "proto3",
    messageType: [{ name: message }],
  });
  return fileIn(
    createFileRegistry(proto, () => undefined),
    name,
  );
}

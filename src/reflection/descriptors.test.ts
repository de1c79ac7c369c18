import { type DescFile, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { buildProtos, cornerProtos, generateCorners, registryOf } from "../../test/support/corner-protos.js";
import { fileWithDependencies } from "./file-bytes.js";
import { SchemaIndex } from "./schema-index.js";

const descriptorProto = "google/protobuf/descriptor.proto";

describe("the descriptors that are sent, apart from comments", () => {
  it("equal those that buf built, where the server made them at run time", async () => {
    const sent = sentFor([...(await registryOf(cornerProtos)).files]);
    expect(sent).toEqual(byName(await buildProtos(cornerProtos)));
  });

  it("equal those that buf built, where the server has generated code", async () => {
    const sent = sentFor(await generateCorners());
    // The generator leaves out the options that are for the compiler alone.
    const built = byName(await buildProtos(cornerProtos, "--exclude-source-retention-options"));
    expect([...sent.keys()].sort()).toEqual([...built.keys()].sort());
    // protobuf-es has this one built in, without options and reserved ranges.
    expect(sent.delete(descriptorProto) && built.delete(descriptorProto)).toBe(true);
    expect(sent).toEqual(built);
  });
});

/** What a client has that asks for each of the files, on one stream. */
function sentFor(files: readonly DescFile[]): Map<string, FileDescriptorProto> {
  const schema = new SchemaIndex([], files);
  const names = new Set<string>();
  const sent = files.flatMap((file) => fileWithDependencies(file, schema, names));
  return byName(sent.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)));
}

function byName(files: readonly FileDescriptorProto[]): Map<string, FileDescriptorProto> {
  return new Map(files.map((file) => [file.name, file]));
}

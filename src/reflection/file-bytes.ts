import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { SchemaIndex } from "./schema-index.js";

/**
 * A file as the protocol sends it: itself, then those that it depends on, the nearest first, without those that the
 * stream had before.
 *
 * @param sent - the names of the files that the stream had; those sent now are added
 * @returns serialized `google.protobuf.FileDescriptorProto` messages
 */
export function fileWithDependencies(root: DescFile, schema: SchemaIndex, sent: Set<string>): Uint8Array[] {
  const files = [root];
  sent.add(root.proto.name);
  // The loop sees what it adds. A file that was sent before had its own dependencies sent with it.
  for (const { proto } of files) {
    for (const name of [...proto.dependency, ...proto.optionDependency]) {
      const file = schema.file(name);
      if (file === undefined || sent.has(name)) continue;
      sent.add(name);
      files.push(file);
    }
  }
  return files.map(bytesOf);
}

function bytesOf(file: DescFile): Uint8Array {
  let bytes = cache.get(file);
  if (bytes === undefined) {
    bytes = toBinary(FileDescriptorProtoSchema, file.proto);
    cache.set(file, bytes);
  }
  return bytes;
}

const cache = new WeakMap<DescFile, Uint8Array>();

import type { UnknownField } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { maxEntries, maxValueLength } from "./bounds.js";
import type { Metadata } from "./carrier.js";

/** The field's number where the schema does not have it: Clue's and Goa's. */
export const metadataNumber = 101;

/** Whether this may be an entry: of another wire type, it is something else that a peer has under the number. */
export function isEntry({ no, wireType }: UnknownField): boolean {
  return no === metadataNumber && wireType === WireType.LengthDelimited;
}

/** The entries of a `map<string, string>`, each as the unknown field that it is to a schema without the map. */
export function encodeEntries(metadata: Metadata): UnknownField[] {
  return Object.entries(metadata).map(([key, value]) => ({
    no: metadataNumber,
    wireType: WireType.LengthDelimited,
    data: encodeEntry(key, value),
  }));
}

/**
 * Reads the entries back. As with any map, the last of two entries with one key is the one that counts.
 *
 * @throws Error for bytes that are no entries, and for more than a propagator writes
 */
export function decodeEntries(entries: readonly UnknownField[]): Record<string, string> {
  if (entries.length > maxEntries) throw new RangeError("too many entries");
  const metadata: Record<string, string> = {};
  for (const { data } of entries) {
    const [key, value] = decodeEntry(data);
    // A key such as `__proto__` is a key like any other.
    Object.defineProperty(metadata, key, { value, enumerable: true, configurable: true });
  }
  return metadata;
}

/** The entry with its length in front: what follows the tag on the wire. */
function encodeEntry(key: string, value: string): Uint8Array {
  const entry = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(key)
    .tag(2, WireType.LengthDelimited)
    .string(value);
  return new BinaryWriter().bytes(entry.finish()).finish();
}

function decodeEntry(data: Uint8Array): [key: string, value: string] {
  if (data.length > maxEntryBytes) throw new RangeError("too long an entry");
  const reader = new BinaryReader(new BinaryReader(data).bytes());
  let key = "";
  let value = "";
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else if (number === 1) key = reader.string();
    else if (number === 2) value = reader.string();
    else reader.skip(wireType, number);
  }
  return [key, value];
}

/** A character takes up to three bytes in UTF-8; the rest is for the key. */
const maxEntryBytes = 4 * maxValueLength;

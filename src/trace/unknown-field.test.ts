import type { UnknownField } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEntries, encodeEntries, isEntry } from "./unknown-field.js";

describe("decodeEntries", () => {
  it("takes the last of two entries with one key", () => {
    expect(decodeEntries([...encodeEntries({ a: "1", b: "2" }), ...encodeEntries({ a: "3" })])).toEqual({
      a: "3",
      b: "2",
    });
  });

  it("takes a key or a value that is left out as empty, as in any map", () => {
    const key = entryOf((writer) => writer.tag(1, WireType.LengthDelimited).string("key"));
    const value = entryOf((writer) => writer.tag(2, WireType.LengthDelimited).string("value"));
    expect([
      decodeEntries([key]),
      decodeEntries([value]),
      decodeEntries([entryOf((writer) => writer)]),
    ]).toEqual([{ key: "" }, { "": "value" }, { "": "" }]);
  });

  it("passes over what an entry does not have", () => {
    const entry = entryOf((writer) =>
      writer
        .tag(3, WireType.Varint)
        .uint32(1)
        .tag(1, WireType.LengthDelimited)
        .string("key")
        .tag(2, WireType.Varint)
        .uint32(7)
        .tag(9, WireType.LengthDelimited)
        .string("more")
        .tag(2, WireType.LengthDelimited)
        .string("value"),
    );
    expect(decodeEntries([entry])).toEqual({ key: "value" });
  });

  it("takes names of JavaScript's own for keys like any others", () => {
    const metadata = Object.fromEntries([
      ["__proto__", "1"],
      ["constructor", "2"],
      ["toString", "3"],
    ]);
    const decoded = decodeEntries(encodeEntries(metadata));
    expect(Object.entries(decoded)).toEqual(Object.entries(metadata));
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });

  it("reads what it wrote, whatever that is", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 32, noNullPrototype: true }), (metadata) => {
        const decoded = decodeEntries(encodeEntries(metadata));
        expect(new Map(Object.entries(decoded))).toEqual(new Map(Object.entries(metadata)));
      }),
    );
  });

  it("gives text for text or throws an Error, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 40 }), (fields) => {
        let decoded: Record<string, string> = {};
        try {
          decoded = decodeEntries(fields.map(unknownField));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        for (const value of Object.values(decoded)) expect(value).toBeTypeOf("string");
      }),
    );
  });

  it.each<[string, UnknownField]>([
    ["a length beyond the end", unknownField(new Uint8Array([200, 1, 0x0a]))],
    ["a length without an end", unknownField(new Uint8Array(16).fill(0xff))],
    ["a key that is cut short", unknownField(new Uint8Array([3, 0x0a, 9, 0x61]))],
    ["groups without end", unknownField(enclosed(new Uint8Array(20_000).fill(0x1b)))],
  ])("throws for %s", (_, field) => {
    expect(() => decodeEntries([field])).toThrow(Error);
  });

  it("reads no more entries than a propagator writes", () => {
    const entries = (count: number) => Array.from({ length: count }, () => encodeEntries({ a: "1" })).flat();
    expect(decodeEntries(entries(32))).toEqual({ a: "1" });
    expect(() => decodeEntries(entries(33))).toThrow(new RangeError("too many entries"));
  });

  it("reads no longer an entry than a propagator writes", () => {
    const longest = "€".repeat(8192);
    expect(decodeEntries(encodeEntries({ baggage: longest }))).toEqual({ baggage: longest });
    expect(() => decodeEntries(encodeEntries({ baggage: "a".repeat(4 * 8192) }))).toThrow(
      new RangeError("too long an entry"),
    );
  });
});

describe("isEntry", () => {
  it.each([
    [101, WireType.LengthDelimited, true],
    [101, WireType.Varint, false],
    [101, WireType.Bit32, false],
    [100, WireType.LengthDelimited, false],
  ])("field %i of wire type %i: %s", (no, wireType, expected) => {
    expect(isEntry({ no, wireType, data: new Uint8Array([0]) })).toBe(expected);
  });
});

function unknownField(data: Uint8Array): UnknownField {
  return { no: 101, wireType: WireType.LengthDelimited, data };
}

/** An entry with these contents. */
function entryOf(contents: (writer: BinaryWriter) => BinaryWriter): UnknownField {
  return unknownField(enclosed(contents(new BinaryWriter()).finish()));
}

/** Bytes with their length in front. */
function enclosed(bytes: Uint8Array): Uint8Array {
  return new BinaryWriter().bytes(bytes).finish();
}

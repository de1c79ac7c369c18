import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  fromJson,
  isFieldSet,
  type Message,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MessageTypeOptions, messageType } from "../../test/support/message-types.js";
import { type Carrier, type CarrierKind, carrierOf, carriersOf, type Metadata } from "./carrier.js";

const WithField = messageType({ text: ["string", 1], trace_metadata: ["map<string, string>", 101] });
const WithoutField = messageType({ text: ["string", 1] });
const field = carrier(WithField, "field");
const unknownField = carrier(WithoutField, "unknown-field");

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const written: Record<string, Metadata> = {
  "W3C Trace Context": { traceparent, tracestate: "vendor=opaque,other=1" },
  "W3C with baggage": { traceparent, baggage: "user=%C3%89va,plain=1;ttl=30" },
  "baggage that nobody escaped": { traceparent, baggage: "user=Éva 🚀,city=東京" },
  "B3 in one": { b3: "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1" },
  "B3 in many": {
    "x-b3-traceid": "0af7651916cd43dd8448eb211c80319c",
    "x-b3-spanid": "b7ad6b7169203331",
    "x-b3-sampled": "1",
  },
  "no text": { "": "", empty: "" },
  "long text": { baggage: `key=${"v".repeat(5000)}` },
};

describe("the bytes of both carriers", () => {
  const bytes = (metadata: Metadata) => ({
    field: toBinary(WithField, field.write(create(WithField, { text: "hi" }), metadata)),
    unknownField: toBinary(WithoutField, unknownField.write(create(WithoutField, { text: "hi" }), metadata)),
  });

  it("are those of a map", () => {
    const hi = [0x0a, 2, 0x68, 0x69];
    const entry = [0xaa, 0x06, 8, 0x0a, 2, 0x62, 0x33, 0x12, 2, 0x64, 0x31];
    expect(bytes({ b3: "d1" })).toEqual({
      field: new Uint8Array([...hi, ...entry]),
      unknownField: new Uint8Array([...hi, ...entry]),
    });
  });

  it.each(Object.entries(written))("%s: are the same, and each peer reads the other's", (_, metadata) => {
    expectSame(metadata);
  });

  it("are the same for any metadata", () => {
    fc.assert(fc.property(metadata(), expectSame));
  });

  function expectSame(metadata: Metadata): void {
    const { field: mapped, unknownField: unknown } = bytes(metadata);
    expect(unknown).toEqual(mapped);
    expect(field.read(fromBinary(WithField, unknown)) ?? {}).toEqual(metadata);
    expect(unknownField.read(fromBinary(WithoutField, mapped)) ?? {}).toEqual(metadata);
  }
});

describe("JSON", () => {
  const metadata = { traceparent };

  it("has the field", () => {
    const json = toJson(WithField, field.write(create(WithField, { text: "hi" }), metadata));
    expect(json).toEqual({ text: "hi", traceMetadata: metadata });
    expect(field.read(fromJson(WithField, json))).toEqual(metadata);
  });

  it("leaves the unknown field out", () => {
    const json = toJson(WithoutField, unknownField.write(create(WithoutField, { text: "hi" }), metadata));
    expect(json).toEqual({ text: "hi" });
    expect(unknownField.read(fromJson(WithoutField, json))).toBeUndefined();
  });
});

describe("carrierOf", () => {
  const text = ["string", 1] as const;
  const map = ["map<string, string>", 101] as const;

  it.each<[string, DescMessage, field: "field" | "none", unknown: "field" | "unknown field" | "none"]>([
    ["nothing under 101", messageType({ text }), "none", "unknown field"],
    ["the map", messageType({ text, trace_metadata: map }), "field", "field"],
    ["the map, under another number", typeWith("map<string, string>", 7), "field", "field"],
    ["the map in proto2", messageType({ trace_metadata: map }, { syntax: "proto2" }), "field", "field"],
    ["a map of bytes", typeWith("map<string, bytes>"), "none", "none"],
    ["a map with numbers for keys", typeWith("map<int32, string>"), "none", "none"],
    ["a list", typeWith("repeated string"), "none", "none"],
    ["text", typeWith("string"), "none", "none"],
    ["text, under another number", typeWith("string", 7), "none", "unknown field"],
    ["another name for the map", messageType({ traceMetadata: map }), "none", "none"],
    ["another field under 101", messageType({ priority: ["int32", 101] }), "none", "none"],
    ["101 reserved, first", reserved({ reserved: [101, 110] }), "none", "none"],
    ["101 reserved, last", reserved({ reserved: [90, 101] }), "none", "none"],
    ["the numbers before 101 reserved", reserved({ reserved: [90, 100] }), "none", "unknown field"],
    ["the numbers after 101 reserved", reserved({ reserved: [102, 110] }), "none", "unknown field"],
    ["101 for extensions", reserved({ syntax: "proto2", extensions: [100, 199] }), "none", "none"],
    ["102 for extensions", reserved({ syntax: "proto2", extensions: [102, 199] }), "none", "unknown field"],
  ])("%s", (_, desc, byField, byUnknownField) => {
    expect([kindOf(desc, "field"), kindOf(desc, "unknown-field")]).toEqual([byField, byUnknownField]);
  });

  function typeWith(type: string, number = 101): DescMessage {
    return messageType({ text, trace_metadata: [type, number] });
  }

  function reserved(options: MessageTypeOptions): DescMessage {
    return messageType({ text }, options);
  }

  /** What a carrier writes to. */
  function kindOf(desc: DescMessage, kind: CarrierKind): string {
    const message = carrierOf(desc, kind)?.write(create(desc), { traceparent });
    if (message === undefined) return "none";
    return message.$unknown === undefined ? "field" : "unknown field";
  }
});

describe("carriersOf", () => {
  it("finds the carriers of a method's requests and responses, once", () => {
    const method = { input: WithField, output: WithoutField } as DescMethod;
    const carriers = carriersOf("field");
    expect(carriers(method)).toEqual({ request: field, response: undefined });
    expect(carriers(method)).toBe(carriers(method));
    expect(carriersOf("unknown-field")(method)).toEqual({ request: field, response: unknownField });
  });
});

describe.each<[string, DescMessage, Carrier]>([
  ["the field", WithField, field],
  ["the unknown field", WithoutField, unknownField],
])("%s", (_, desc, carrier) => {
  const stale = () => carrier.write(create(desc, { text: "hi" }), { traceparent, baggage: "stale=1" });

  it("takes the place of what was there", () => {
    const message = carrier.write(stale(), { b3: "new" });
    expect(carrier.read(message)).toEqual({ b3: "new" });
    expect(carrier.read(fromBinary(desc, toBinary(desc, message)))).toEqual({ b3: "new" });
  });

  it("is removed without a trace", () => {
    const message = carrier.clear(stale());
    expect(carrier.read(message)).toBeUndefined();
    expect(toBinary(desc, message)).toEqual(toBinary(desc, create(desc, { text: "hi" })));
  });

  it("leaves a message without metadata as it is", () => {
    const message = create(desc, { text: "hi" });
    expect(carrier.clear(message)).toBe(message);
    expect(carrier.read(message)).toBeUndefined();
  });

  it("never writes to the message it is given", () => {
    const message = frozen(stale());
    const before = toBinary(desc, message);
    carrier.write(message, { b3: "new" });
    carrier.clear(message);
    expect(toBinary(desc, message)).toEqual(before);
  });

  it("leaves other unknown fields as they are, in their order", () => {
    const bytes = new BinaryWriter()
      .tag(200, WireType.Varint)
      .uint32(1)
      .tag(100, WireType.LengthDelimited)
      .string("between")
      .tag(102, WireType.Bit32)
      .fixed32(7)
      .finish();
    const message = fromBinary(desc, bytes);
    const without = carrier.clear(carrier.write(message, { traceparent }));
    expect(toBinary(desc, without)).toEqual(bytes);
    expect(without.$unknown).toEqual(message.$unknown);
    expect(carrier.write(message, { traceparent }).$unknown?.slice(0, 3)).toEqual(message.$unknown);
  });
});

describe("the unknown field", () => {
  it("is not taken for what a peer has under the number with another wire type", () => {
    const bytes = new BinaryWriter().tag(101, WireType.Varint).uint32(7).finish();
    const message = fromBinary(WithoutField, bytes);
    expect(unknownField.read(message)).toBeUndefined();
    expect(unknownField.clear(message)).toBe(message);
    expect(unknownField.write(message, { traceparent }).$unknown?.map(({ wireType }) => wireType)).toEqual([
      WireType.Varint,
      WireType.LengthDelimited,
    ]);
  });
});

describe.each(["proto2", "editions"] as const)("a message of %s", (syntax) => {
  it.each<[string, DescMessage, CarrierKind]>([
    [
      "the field",
      messageType(
        { text: ["string", 1], n: ["int32", 2], trace_metadata: ["map<string, string>", 101] },
        { syntax },
      ),
      "field",
    ],
    ["the unknown field", messageType({ text: ["string", 1], n: ["int32", 2] }, { syntax }), "unknown-field"],
  ])("survives with %s: what is not set stays so", (_, desc, kind) => {
    const carried = carrier(desc, kind);
    const message = create(desc, { n: 0 });
    for (const copy of [
      carried.write(message, { traceparent }),
      carried.clear(carried.write(message, { traceparent })),
    ]) {
      expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(message));
      expect((copy as Message & { readonly text: unknown }).text).toBe("");
      expect(desc.fields.slice(0, 2).map((member) => isFieldSet(copy, member))).toEqual([false, true]);
    }
  });
});

/** Any metadata whose text survives UTF-8, but for the one key that protobuf-es loses as it reads a map. */
function metadata(): fc.Arbitrary<Metadata> {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const key = text.filter((name) => name !== "__proto__");
  return fc.dictionary(key, text, { maxKeys: 32, noNullPrototype: true });
}

function carrier(desc: DescMessage, kind: CarrierKind): Carrier {
  const found = carrierOf(desc, kind);
  if (found === undefined) throw new Error("no carrier");
  return found;
}

/** Frozen as far down as a carrier could write. */
function frozen<T extends Message>(message: T): T {
  for (const value of Object.values(message)) Object.freeze(value);
  return Object.freeze(message);
}

import {
  create,
  type DescMessage,
  fromBinary,
  type Message,
  setExtension,
  toBinary,
} from "@bufbuild/protobuf";
import {
  AnySchema,
  CppFeaturesSchema,
  cpp,
  DoubleValueSchema,
  FeatureSetSchema,
  FloatValueSchema,
  StringValueSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { messageMatcher } from "./message-matcher.js";

describe("a message that is expected", () => {
  it("is compared as it comes through the codec: a float is rounded", () => {
    expect(mismatch(FloatValueSchema, { value: 0.1 }, { value: 0.1 })).toBeUndefined();
    expect(mismatch(FloatValueSchema, { value: 0.1 }, { value: 0.2 })).toBe("");
  });

  it("may be NaN", () => {
    expect(mismatch(FloatValueSchema, { value: Number.NaN }, { value: Number.NaN })).toBeUndefined();
    expect(mismatch(DoubleValueSchema, { value: Number.NaN }, { value: Number.NaN })).toBeUndefined();
    expect(mismatch(DoubleValueSchema, { value: Number.NaN }, { value: 1 })).toBe("");
  });

  it("has its extensions compared, if it has some, and unknown fields not else", () => {
    const extended = (legacyClosedEnum: boolean) => {
      const features = create(FeatureSetSchema, { enumType: 1 });
      setExtension(features, cpp, create(CppFeaturesSchema, { legacyClosedEnum }));
      return features;
    };
    expect(mismatch(FeatureSetSchema, extended(true), extended(true))).toBeUndefined();
    expect(mismatch(FeatureSetSchema, extended(true), extended(false))).toBe("");
    expect(mismatch(FeatureSetSchema, extended(true), { enumType: 1 })).toBe("");
    expect(mismatch(FeatureSetSchema, { enumType: 1 }, extended(true))).toBeUndefined();
  });

  it("is the one that was given, whatever becomes of that later", () => {
    const given = create(StringValueSchema, { value: "a" });
    const matcher = messageMatcher(StringValueSchema, given);
    given.value = "b";
    expect(matcher.mismatch(create(StringValueSchema, { value: "a" }))).toBeUndefined();
    expect(matcher.mismatch(create(StringValueSchema, { value: "b" }))).toBe("");
  });

  it.each<[name: string, expected: unknown, problem: string]>([
    ["null", null, "expected a message of google.protobuf.StringValue, got null"],
    ["a text", "a", 'expected a message of google.protobuf.StringValue, got "a"'],
    ["an array", [], "expected a message of google.protobuf.StringValue, got an array"],
    [
      "a message of another type",
      create(AnySchema),
      "expected a message of google.protobuf.StringValue, got one of google.protobuf.Any",
    ],
    ["a mistyped field", { valu: "a" }, 'google.protobuf.StringValue has no field "valu"; there are value'],
  ])("is not %s", (_name, expected, problem) => {
    expect(() => messageMatcher(StringValueSchema, expected as Message)).toThrow(new TypeError(problem));
  });
});

describe("a function that judges", () => {
  it.each<[returned: unknown, why: string | undefined]>([
    [true, undefined],
    [undefined, undefined],
    [false, "it returned false"],
    [null, "it returned null: it must return true, false or nothing"],
    ["", 'it returned "": it must return true, false or nothing'],
    [0, "it returned 0: it must return true, false or nothing"],
    [Number.NaN, "it returned NaN: it must return true, false or nothing"],
    [["bye"], "it returned an array: it must return true, false or nothing"],
    [Promise.resolve(true), "it returned a promise: it must answer at once"],
    [{}, "it returned an object: it must return true, false or nothing"],
  ])("that returns %j: %s", (returned, why) => {
    const matcher = messageMatcher(StringValueSchema, () => returned as boolean);
    expect(matcher.mismatch(create(StringValueSchema))).toBe(why);
  });

  it("that answers later has its rejection handled, whatever kind of promise it is", () => {
    let handled: unknown;
    // A query builder of some library, say: no Promise, but awaited all the same.
    const then = (_resolve: unknown, reject: unknown) => {
      handled = reject;
    };
    const method = "then";
    const later = { [method]: then } as unknown as boolean;
    const matcher = messageMatcher(StringValueSchema, () => later);
    expect(matcher.mismatch(create(StringValueSchema))).toBe("it returned a promise: it must answer at once");
    expect(handled).toBeTypeOf("function");
  });
});

/** Why what is received is not what is expected; both as `create` takes them. */
function mismatch(desc: DescMessage, expected: object, received: object): string | undefined {
  return messageMatcher(desc, create(desc, expected as Message)).mismatch(throughCodec(desc, received));
}

/** A message as it comes through the codec. */
function throughCodec(desc: DescMessage, init: object): Message {
  return fromBinary(desc, toBinary(desc, create(desc, init as Message)));
}

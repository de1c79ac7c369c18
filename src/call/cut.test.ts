import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, isError, prefix, property } from "./cut.js";

const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("get");
    },
    getPrototypeOf() {
      throw new Error("getPrototypeOf");
    },
  },
);

describe("cut", () => {
  it("keeps a text that fits", () => {
    expect(cut("abc", 3)).toBe("abc");
  });

  it("marks what it cut, with the full size", () => {
    expect(cut("a".repeat(5000), 4)).toBe("aaaa…[cut from 5000]");
  });

  it("does not split a surrogate pair", () => {
    expect(["a😀b", "😀😀", "\ud83d\ud83d\ud83d"].map((text) => cut(text, 2))).toEqual([
      "a…[cut from 4]",
      "😀…[cut from 4]",
      "\ud83d\ud83d…[cut from 3]",
    ]);
  });

  it("makes no broken character of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(30), (text, size) => {
        const kept = prefix(text, size);
        expect(text.startsWith(kept)).toBe(true);
        expect(kept.length).toBeLessThanOrEqual(size);
        expect(kept).not.toMatch(/\p{Cs}/u);
      }),
    );
  });
});

describe("property", () => {
  it("reads what can be read", () => {
    expect([property({ a: 1 }, "a"), property("text", "length"), property(null, "a")]).toEqual([
      1,
      4,
      undefined,
    ]);
  });

  it("is undefined when reading throws", () => {
    expect(property(hostile, "a")).toBeUndefined();
  });
});

describe("isError", () => {
  it("knows errors, and says no to what can't be asked", () => {
    expect([new TypeError("x"), { message: "x" }, undefined, hostile].map(isError)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

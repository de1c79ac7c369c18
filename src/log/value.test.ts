import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Json, snapshot } from "./value.js";

describe("snapshot", () => {
  it("keeps plain values as they are", () => {
    const values = ["text", 1, Number.NaN, true, false, 3n, null, undefined];
    expect(values.map((value) => snapshot(value, 10))).toEqual(values);
  });

  it.each<[string, unknown, unknown]>([
    ["long text", "x".repeat(5000), "xxxxxxxxxxxxxxxxxxxx…[cut from 5000]"],
    ["huge bigint", 10n ** 50n, "[bigint over 20 digits]"],
    ["error", new TypeError("x", { cause: "y" }), "TypeError: x; cause:…[cut]"],
    ["symbol", Symbol("s".repeat(30)), "Symbol(ssssssssssssssssssss…[cut from 30])"],
    ["symbol without a name", Symbol(), "Symbol()"],
    ["function", function named() {}, "[Function: named]"],
    ["function without a name", () => {}, "[Function: (anonymous)]"],
    ["object", { a: 1 }, new Json('{"a":1}', false)],
    ["large object", { a: "x".repeat(1e7) }, new Json(`{"a":"${"x".repeat(14)}…[cut]`, true)],
    ["what is a text in JSON", new URL("http://x/y"), "http://x/y"],
    ["bytes", new Uint8Array([1, 2]), "<2 bytes> 0102"],
    ["snapshot", new Json("[1]", false), new Json("[1]", false)],
  ])("turns a value into what can be logged: %s", (_, value, expected) => {
    expect(snapshot(value, 20)).toEqual(expected);
  });

  it("keeps what was there when the caller changes it", () => {
    const date = new Date(0);
    const list = [1, [2], { a: 1 }];
    const object = { a: 1 };
    const kept = [date, list, object].map((value) => snapshot(value, 100));
    date.setTime(1);
    list.push(3);
    (list[1] as number[]).push(4);
    object.a = 2;
    expect(kept).toEqual([new Date(0), [1, [2], new Json('{"a":1}', false)], new Json('{"a":1}', false)]);
  });

  it("has a place for everything in a list", () => {
    const list = [undefined, () => {}, Symbol("s"), new Error("x"), new Date(0), null, 1n];
    expect(snapshot(list, 1000)).toEqual([
      null,
      "[Function: (anonymous)]",
      "Symbol(s)",
      "Error: x",
      new Date(0),
      null,
      1n,
    ]);
  });

  it("bounds a list, over all its levels, and says what is missing", () => {
    expect(snapshot(new Array(1e9), 20)).toEqual([null, null, null, "…[cut from 1000000000 items]"]);
    expect(snapshot([["aaaa", "bbbbbbbbbb"], "c", "d"], 10)).toEqual([
      ["aaaa", "bbbbb…[cut from 10]"],
      "…[cut from 3 items]",
    ]);
  });

  it("ends cycles and depths", () => {
    const cycle: unknown[] = [1];
    cycle.push(cycle);
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect([snapshot(cycle, 100), snapshot(deep, 100)]).toEqual([
      [1, "[circular]"],
      [[[[[[[["[too deep]"]]]]]]]],
    ]);
  });

  it("says so when a value can't be read", () => {
    const thrower = () => {
      throw new Error("no");
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const values = [
      proxy,
      new Proxy([1], { get: thrower }),
      Object.create(Date.prototype),
      Object.defineProperty(() => {}, "name", { get: thrower }),
      { toJSON: thrower },
    ];
    expect(values.map((value) => snapshot(value, 100))).toEqual(values.map(() => "[unreadable]"));
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true }),
        fc.nat(50),
        (value, size) => {
          expect(() => snapshot(value, size)).not.toThrow();
        },
      ),
    );
  });
});

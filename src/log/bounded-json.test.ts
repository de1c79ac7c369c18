import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TraceMetadataSchema } from "../../gen/clue/trace/v1/trace_pb.js";
import { Json } from "../call/json.js";
import { boundedBigint, boundedJson } from "./bounded-json.js";

describe("boundedJson", () => {
  it.each<[string, unknown]>([
    ["nothing", {}],
    ["plain values", { a: 1, b: "x", c: true, d: null, e: [1, [2]], f: { g: -0.5 } }],
    ["what JSON leaves out", { a: undefined, b() {}, c: Symbol("s"), d: [undefined, () => 1], e: 1 }],
    ["holes", { a: new Array(3) }],
    ["dates", { a: new Date(0), b: new Date(Number.NaN) }],
    ["toJSON", { a: { toJSON: () => ({ b: 1 }) }, url: new URL("http://x/y") }],
    ["boxed values", [new String("x"), new Number(1), new Boolean(false)]],
    ["own __proto__", JSON.parse('{"__proto__":{"a":1}}')],
    ["no prototype", Object.assign(Object.create(null), { a: 1 })],
  ])("writes what JSON.stringify writes: %s", (_, value) => {
    expect(boundedJson(value, 1000)).toEqual(new Json(JSON.stringify(value), false));
  });

  it("writes what JSON.stringify writes of any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(boundedJson(value, 1e6)).toEqual(new Json(JSON.stringify(value), false));
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ["bigint", { a: 1n }, '{"a":"1"}'],
    ["no finite number", [Number.NaN, Number.NEGATIVE_INFINITY], '["NaN","-Infinity"]'],
    [
      "map",
      new Map<unknown, unknown>([
        ["a", 1],
        [{ k: 1 }, 2],
      ]),
      '{"a":1,"{\\"k\\":1}":2}',
    ],
    ["set", new Set([1, "b", undefined]), '[1,"b",null]'],
    ["bytes", [new Uint8Array([1, 255]), new ArrayBuffer(0)], '["<2 bytes> 01ff","<0 bytes>"]'],
    ["many bytes", Buffer.alloc(1e6, 7), `"<1000000 bytes> ${"07".repeat(16)}…"`],
    ["part of a buffer", new Uint8Array([1, 2, 3]).subarray(1, 2), '"<1 bytes> 02"'],
    ["error", { e: new Error("x", { cause: "y" }) }, '{"e":"Error: x; cause: y"}'],
    ["another Json", [new Json('{"a":1}', false), new Json('{"a', true)], '[{"a":1},"{\\"a"]'],
    ["nothing at all", undefined, "null"],
  ])("writes what JSON.stringify can't: %s", (_, value, text) => {
    expect(boundedJson(value, 1000)).toEqual(new Json(text, false));
  });

  it("writes a message without its unknown fields", () => {
    const message = create(TraceMetadataSchema, { traceMetadata: { traceparent: "x" } });
    message.$unknown = [{ no: 1, wireType: 0, data: new Uint8Array(1) }];
    expect(boundedJson(message, 1000).text).toBe(
      '{"$typeName":"clue.trace.v1.TraceMetadata","traceMetadata":{"traceparent":"x"}}',
    );
  });

  it("ends cycles and depths", () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle.self = [cycle];
    const twice = { x: 1 };
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = { d: deep };
    expect([cycle, [twice, twice], deep].map((value) => boundedJson(value, 1000).text)).toEqual([
      '{"a":1,"self":["[circular]"]}',
      '[{"x":1},{"x":1}]',
      `${'{"d":'.repeat(32)}"[too deep]"${"}".repeat(32)}`,
    ]);
  });

  it("stays valid when something throws in the middle", () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const thrower = () => {
      throw new Error("no");
    };
    const value = {
      get a() {
        return thrower();
      },
      b: { toJSON: thrower },
      c: revoked.proxy,
      d: new Proxy([1], { get: thrower }),
      e: new Proxy({ x: 1 }, { ownKeys: thrower }),
      f: Object.create(Date.prototype),
      g: { x: 1, y: Object.assign(new Map(), { [Symbol.iterator]: thrower }) },
      h: 1,
    };
    const bad = "[unreadable]";
    expect(boundedJson(value, 1000).toJSON()).toEqual({
      a: bad,
      b: bad,
      c: bad,
      d: bad,
      e: bad,
      f: bad,
      g: { x: 1, y: bad },
      h: 1,
    });
  });

  it("cuts what is too long, and never in half of a character", () => {
    const texts = [{ text: "x".repeat(1e7) }, ["😀😀😀"], new Array(1e9), { ["k".repeat(1e7)]: 1 }];
    expect(texts.map((value) => boundedJson(value, 11))).toEqual([
      new Json('{"text":"xx…[cut]', true),
      new Json('["😀😀😀"]'.slice(0, 11), false),
      new Json("[null,null,…[cut]", true),
      new Json('{"kkkkkkkkk…[cut]', true),
    ]);
    expect(boundedJson(["😀😀😀"], 5).text).toBe('["😀…[cut]');
  });

  it("looks at no more properties than it could print", () => {
    let read = 0;
    const value: Record<string, unknown> = {};
    for (let i = 0; i < 1000; i++) {
      Object.defineProperty(value, `k${i}`, {
        enumerable: true,
        get() {
          read++;
        },
      });
    }
    expect(boundedJson(value, 50)).toEqual(new Json("{…[cut]", true));
    expect(read).toBe(50);
  });

  it("takes any value and any size, and what is not cut is JSON", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withSparseArray: true,
      withBoxedValues: true,
      withObjectString: true,
    });
    fc.assert(
      fc.property(anything, fc.nat(100), (value, size) => {
        const json = boundedJson(value, size);
        if (json.truncated) expect(json.text.length).toBeLessThanOrEqual(size + "…[cut]".length);
        else expect(() => JSON.parse(json.text)).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });
});

describe("boundedBigint", () => {
  it("leaves what fits and tells about the rest", () => {
    const values = [12n, -(2n ** 63n), 10n ** 30n - 1n, 10n ** 30n, -(10n ** 30n), 2n ** 10_000_000n];
    expect(values.map((value) => boundedBigint(value, 30))).toEqual([
      12n,
      -(2n ** 63n),
      10n ** 30n - 1n,
      "[bigint over 30 digits]",
      "[bigint over 30 digits]",
      "[bigint over 30 digits]",
    ]);
    expect([boundedBigint(99n, 2), boundedBigint(100n, 2)]).toEqual([99n, "[bigint over 2 digits]"]);
  });
});

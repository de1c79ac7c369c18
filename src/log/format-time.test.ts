import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rfc3339 } from "./format-time.js";

describe("rfc3339", () => {
  it("writes what Date writes, in any order of times", () => {
    const near = fc.integer({ min: -3000, max: 3000 });
    const any = fc.integer({ min: -8.64e15, max: 8.64e15 });
    fc.assert(
      fc.property(fc.array(fc.oneof(near, any), { minLength: 1 }), (times) => {
        expect(times.map(rfc3339)).toEqual(times.map((ms) => new Date(ms).toISOString()));
      }),
    );
  });

  it("drops fractions of a millisecond", () => {
    expect([rfc3339(1.9), rfc3339(999.9), rfc3339(-0.5)]).toEqual([
      "1970-01-01T00:00:00.001Z",
      "1970-01-01T00:00:00.999Z",
      "1969-12-31T23:59:59.999Z",
    ]);
  });

  it("knows both ends of time", () => {
    expect([8.64e15, -8.64e15].map(rfc3339)).toEqual([
      "+275760-09-13T00:00:00.000Z",
      "-271821-04-20T00:00:00.000Z",
    ]);
  });

  it("calls invalid what is no time", () => {
    const times = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 8.64e15 + 1];
    expect(times.map(rfc3339)).toEqual(["invalid", "invalid", "invalid", "invalid"]);
  });
});

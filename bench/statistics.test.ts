import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimate, perRound, quantile } from "./statistics.js";

describe("estimate", () => {
  it("takes the middle of an odd number and the mean of the two in the middle of an even one", () => {
    expect([estimate([3, 1, 2]), estimate([4, 1, 2, 3])]).toEqual([
      { median: 2, low: 1, high: 3 },
      { median: 2.5, low: 1, high: 4 },
    ]);
  });

  it("gives the interval that tables of the sign test give", () => {
    const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    const intervals = [1, 5, 6, 8, 9, 12, 20, 30].map((count) => {
      const { low, high } = estimate(oneTo(count));
      return [count, low, high];
    });
    expect(intervals).toEqual([
      [1, 1, 1],
      [5, 1, 5],
      [6, 1, 6],
      [8, 1, 8],
      [9, 2, 8],
      [12, 3, 10],
      [20, 6, 15],
      [30, 10, 21],
    ]);
  });

  it("holds the median in the interval, and changes nothing in the samples", () => {
    const samples = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(samples, (given) => {
        const copy = [...given];
        const { median, low, high } = estimate(given);
        expect(low <= median && median <= high).toBe(true);
        expect(given).toEqual(copy);
      }),
    );
  });

  it("refuses to estimate from nothing", () => {
    expect(() => estimate([])).toThrow(RangeError);
  });
});

describe("quantile", () => {
  it("finds the value below which the share lies", () => {
    const samples = Float64Array.from({ length: 200 }, (_, index) => 200 - index);
    expect([
      quantile(samples, 0),
      quantile(samples, 0.5),
      quantile(samples, 0.99),
      quantile(samples, 1),
    ]).toEqual([1, 101, 199, 200]);
  });
});

describe("perRound", () => {
  it("pairs the samples by their round", () => {
    expect(perRound([6, 9], [2, 3], (a, b) => a / b)).toEqual([3, 3]);
  });

  it("refuses rounds without a partner", () => {
    expect(() => perRound([1, 2], [1], (a, b) => a - b)).toThrow(RangeError);
  });
});

import { describe, expect, it } from "vitest";
import { type Figure, figure, type Goal, verdict } from "./figure.js";

describe("figure", () => {
  it("holds the estimate of its samples and its goal", () => {
    expect(figure("line", "µs", [1, 2, 3], { atMost: 2 })).toEqual({
      name: "line",
      unit: "µs",
      measured: { median: 2, low: 1, high: 3 },
      goal: { atMost: 2 },
    });
  });
});

describe("verdict", () => {
  const between1and3 = (goal: Goal | undefined): Figure => ({
    name: "",
    unit: "ratio",
    measured: { median: 2, low: 1, high: 3 },
    goal,
  });

  it.each([
    [{ atMost: 3 }, "yes"],
    [{ atMost: 2.9 }, "open"],
    [{ atMost: 1 }, "open"],
    [{ atMost: 0.9 }, "no"],
    [{ atLeast: 1 }, "yes"],
    [{ atLeast: 1.1 }, "open"],
    [{ atLeast: 3 }, "open"],
    [{ atLeast: 3.1 }, "no"],
    [undefined, ""],
  ])("for a goal of %j and an interval from 1 to 3 is %j", (goal, expected) => {
    expect(verdict(between1and3(goal))).toBe(expected);
  });
});

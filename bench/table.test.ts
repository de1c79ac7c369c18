import { expect, it } from "vitest";
import { figure } from "./figure.js";
import { formatTable, goalTable } from "./table.js";

const figures = [
  figure("kit / bare", "ratio", [1.018], { atMost: 1.03 }),
  figure("line", "times", [12.346], { atLeast: 20 }),
  figure("no goal", "µs", [0.5]),
];

it("shows figures beside their goals", () => {
  expect(formatTable(goalTable(figures, true))).toBe(`### Goals

| figure     | measured (95 % interval)     | goal       | reached |
|------------|------------------------------|------------|---------|
| kit / bare | 1.02 (1.02 to 1.02)          | ≤ 1.03     | yes     |
| line       | 12.35 (12.35 to 12.35) times | ≥ 20 times | no      |
| no goal    | 0.50 (0.50 to 0.50) µs       |            |         |
`);
});

it("says nothing of goals when the figures mean nothing", () => {
  expect(goalTable(figures, false).rows.map((row) => row[3])).toEqual(["", "", ""]);
});

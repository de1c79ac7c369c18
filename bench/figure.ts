import { type Estimate, estimate } from "./statistics.js";

/** A measured figure and what it should be. */
export interface Figure {
  readonly name: string;
  readonly unit: "ratio" | "µs" | "times" | "bytes";
  readonly measured: Estimate;
  readonly goal: Goal | undefined;
}

/** What a figure should be, in its own unit. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** Makes a figure from one sample a round. */
export function figure(name: string, unit: Figure["unit"], samples: readonly number[], goal?: Goal): Figure {
  return { name, unit, measured: estimate(samples), goal };
}

/** Whether the goal is reached: `open` when it lies within the interval, so that more rounds have to tell. */
export function verdict({ measured: { low, high }, goal }: Figure): "yes" | "no" | "open" | "" {
  if (goal === undefined) return "";
  const [best, worst, limit] = "atMost" in goal ? [low, high, goal.atMost] : [-high, -low, -goal.atLeast];
  if (worst <= limit) return "yes";
  return best > limit ? "no" : "open";
}

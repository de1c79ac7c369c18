import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomOf } from "../../test/support/sampling.js";
import { TraceBudget } from "./trace-budget.js";

/** What became of a load: all of it drawn by lot, on a clock of its own. */
interface Drawn {
  /** When traces were sampled, in seconds. */
  readonly sampledAt: readonly number[];
  /** How many there were. */
  readonly count: number;
  /** How many there were by the probabilities of the sampled ones. */
  readonly recovered: number;
}

const maxRate = 2;
const sampleSize = 10;
/** The time that `sampleSize` traces take at `maxRate`, in seconds. */
const adjustment = sampleSize / maxRate;

function draw(times: Iterable<number>, seed: number, budget = new TraceBudget(maxRate, sampleSize)): Drawn {
  const random = randomOf(seed);
  const sampledAt: number[] = [];
  let count = 0;
  let recovered = 0;
  for (const time of times) {
    count++;
    const probability = budget.probability(time * 1000);
    if (random() >= probability) continue;
    budget.spend();
    sampledAt.push(time);
    recovered += 1 / probability;
  }
  return { sampledAt, count, recovered };
}

/** Times in seconds, `rate` a second, each anywhere in its own interval. */
function* steady(rate: number, from: number, to: number, random: () => number): Generator<number> {
  for (let i = 0; i < (to - from) * rate; i++) yield from + (i + random()) / rate;
}

/** Times in seconds as independent callers make them. */
function* poisson(rate: number, from: number, to: number, random: () => number): Generator<number> {
  for (let time = from; ; ) {
    time -= Math.log(1 - random()) / rate;
    if (time >= to) return;
    yield time;
  }
}

function* burst(size: number, time: number): Generator<number> {
  for (let i = 0; i < size; i++) yield time;
}

function* inTurn(...loads: readonly Iterable<number>[]): Generator<number> {
  for (const load of loads) yield* load;
}

/** The mean of what a function of a seed gives. */
function meanOf(runs: number, of: (seed: number) => number): number {
  let sum = 0;
  for (let seed = 1; seed <= runs; seed++) sum += of(seed);
  return sum / runs;
}

function rateBetween({ sampledAt }: Drawn, from: number, to: number): number {
  return sampledAt.filter((time) => time >= from && time < to).length / (to - from);
}

describe("up to maxRate", () => {
  it("everything is sampled, however it falls within the seconds", () => {
    const seconds = fc.array(fc.array(fc.double({ min: 0, max: 0.499, noNaN: true }), { maxLength: 5 }));
    fc.assert(
      fc.property(seconds, fc.integer({ min: 5, max: 100 }), (seconds, maxRate) => {
        const budget = new TraceBudget(maxRate, 1);
        const times = seconds.flatMap((offsets, second) => offsets.sort().map((offset) => second + offset));
        for (const time of times) {
          expect(budget.probability(time * 1000)).toBe(1);
          budget.spend();
        }
      }),
    );
  });

  it.each([0.1, 1, 1.5, 1.9])("everything of a load of %d a second is sampled", (rate) => {
    const { sampledAt, count } = draw(steady(rate, 0, 1000, randomOf(1)), 2);
    expect(sampledAt.length).toBe(count);
  });
});

describe("above maxRate", () => {
  const loads = [2, 2.1, 3, 5, 10, 100, 1000].map((rate) => [rate, 300]);

  it.each([...loads, [10_000, 60], [100_000, 20]])(
    "the mean of a load of %d a second is maxRate",
    (rate, seconds) => {
      for (const arrivals of [steady, poisson]) {
        const drawn = draw(arrivals(rate, 0, adjustment + seconds, randomOf(3)), 4);
        const mean = rateBetween(drawn, adjustment, adjustment + seconds);
        expect(mean).toBeGreaterThan(0.9 * maxRate);
        expect(mean).toBeLessThan(1.1 * maxRate);
      }
    },
  );

  it("so it is for any load, rate and size", () => {
    const logarithmic = (min: number, max: number) =>
      fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp);
    const anySize = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(logarithmic(1, 1000), logarithmic(0.1, 100), anySize, (overload, maxRate, sampleSize) => {
        const settled = (3 * Math.max(sampleSize, 10)) / maxRate;
        const end = settled + 300 / maxRate;
        const budget = new TraceBudget(maxRate, sampleSize);
        const drawn = draw(steady(overload * maxRate, 0, end, randomOf(5)), 6, budget);
        expect(Math.abs(rateBetween(drawn, settled, end) / maxRate - 1)).toBeLessThan(0.1);
      }),
      { numRuns: 30, seed: 7 },
    );
  });
});

describe("a step", () => {
  // The mean of many runs: one run gives a handful of traces only.
  const meanRateAfter = (before: number, rate: number, from: number, to: number) =>
    meanOf(60, (seed) => {
      const random = randomOf(-seed);
      const load = inTurn(steady(before, -4 * adjustment, 0, random), steady(rate, 0, to, random));
      return rateBetween(draw(load, seed), from, to);
    });

  it.each([
    [10, 100],
    [10, 1000],
    [3, 5000],
  ])("up from %d to %d a second is absorbed within one adjustment", (before, rate) => {
    const mean = meanRateAfter(before, rate, adjustment, 2 * adjustment);
    expect(Math.abs(mean / maxRate - 1)).toBeLessThan(0.1);
  });

  it.each([
    [100, 10, 2],
    [1000, 10, 2.5],
    [5000, 5, 3],
  ])("down from %d to %d a second is absorbed within %d adjustments", (before, rate, adjustments) => {
    const from = adjustments * adjustment;
    const mean = meanRateAfter(before, rate, from, from + adjustment);
    expect(Math.abs(mean / maxRate - 1)).toBeLessThan(0.1);
  });
});

describe("a burst", () => {
  const sampledOf = (size: number, idle: number) =>
    meanOf(30, (seed) => {
      const { sampledAt } = draw(inTurn([0], burst(size, idle)), seed);
      return sampledAt.length - 1;
    });

  it.each([0, 1000])("after %d idle seconds adds half of sampleSize for each decimal place", (idle) => {
    const sampled = [10, 100, 1000, 10_000, 100_000].map((size) => sampledOf(size, idle));
    expect(sampled[0]).toBeGreaterThan(9);
    expect(sampled[1]).toBeLessThan(2 * sampleSize);
    for (const place of [2, 3, 4]) {
      const more = (sampled[place] ?? 0) - (sampled[place - 1] ?? 0);
      expect(Math.abs(more - sampleSize / 2)).toBeLessThan(1);
    }
  });

  it("may come again and again: the long-run mean stays", () => {
    const bursts = Array.from({ length: 100 }, (_, i) => burst(1000, 5 * i));
    const drawn = draw(inTurn(...bursts), 8);
    expect(Math.abs(rateBetween(drawn, 50, 500) / maxRate - 1)).toBeLessThan(0.1);
  });
});

describe("counts", () => {
  const loads: Readonly<Record<string, (random: () => number) => Iterable<number>>> = {
    "a quiet load": (random) => poisson(1, 0, 100, random),
    "a load near the maximum": (random) => poisson(2.2, 0, 100, random),
    "a high load": (random) => steady(500, 0, 4, random),
    "a burst": () => burst(2000, 0),
    "bursts in a quiet load": (random) =>
      inTurn(poisson(1, 0, 20, random), burst(500, 20), poisson(1, 20, 40, random), burst(500, 40)),
    "steps up and down": (random) =>
      inTurn(steady(3, 0, 10, random), steady(300, 10, 15, random), steady(5, 15, 30, random)),
  };

  it.each(Object.keys(loads))("of %s are recovered without bias", (name) => {
    const share = meanOf(2000, (seed) => {
      const { recovered, count } = draw(loads[name]?.(randomOf(-seed)) ?? [], seed);
      return recovered / count;
    });
    expect(Math.abs(share - 1)).toBeLessThan(0.05);
  });
});

describe("the probability", () => {
  it("is 2^-40 at least, and 1 again in a bounded time, however many are sampled against the odds", () => {
    const budget = new TraceBudget(maxRate, sampleSize);
    for (let i = 0; i < 100_000; i++) budget.spend();
    expect(budget.probability(0)).toBeCloseTo(2 ** -40, 20);
    expect(budget.probability(6.1 * adjustment * 1000)).toBe(1);
  });

  it("is never 0 and never more than 1, whatever the clock does", () => {
    const budget = new TraceBudget(maxRate, 1);
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e15, max: 1e15 })),
        fc.nat(1000),
        (times, spent) => {
          for (let i = 0; i < spent; i++) if (budget.probability(0) > 1e-9) budget.spend();
          for (const time of times) {
            expect(budget.probability(time)).toBeGreaterThan(0);
            expect(budget.probability(time)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });
});

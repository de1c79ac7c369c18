/** A median and the interval that holds the true one with 95 % confidence. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Estimates the median of what the samples were drawn from. The interval is made of ranks, so it assumes nothing
 * about how they are distributed; fewer than six samples can't give 95 %, and the interval is all of them.
 *
 * @param samples - at least one number, in any order
 * @throws RangeError without samples
 */
export function estimate(samples: readonly number[]): Estimate {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = intervalRank(sorted.length);
  return {
    median: (at(sorted, (sorted.length - 1) >> 1) + at(sorted, sorted.length >> 1)) / 2,
    low: at(sorted, rank),
    high: at(sorted, sorted.length - 1 - rank),
  };
}

/**
 * The value below which a share of the samples lies.
 *
 * @param share - from 0 to 1
 * @throws RangeError without samples
 */
export function quantile(samples: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(samples).sort();
  return at(sorted, Math.min(sorted.length - 1, Math.floor(sorted.length * share)));
}

/** Combines the samples of two variants round by round: what disturbs a round disturbs both. */
export function perRound(
  a: readonly number[],
  b: readonly number[],
  combine: (a: number, b: number) => number,
): number[] {
  return a.map((value, round) => combine(value, at(b, round)));
}

/** How many samples to leave out at either end: the most that leave 95 % (the sign test, turned round). */
function intervalRank(count: number): number {
  let probability = 2 ** -count;
  let below = probability;
  let rank = 0;
  while (rank < count / 2) {
    probability *= (count - rank) / (rank + 1);
    below += probability;
    if (2 * below > 0.05) break;
    rank++;
  }
  return 2 ** (1 - count) > 0.05 ? 0 : rank;
}

function at(samples: ArrayLike<number>, index: number): number {
  const value = samples[index];
  if (value === undefined) throw new RangeError(`no sample ${index} among ${samples.length}`);
  return value;
}

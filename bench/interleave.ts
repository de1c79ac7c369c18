import type { Settings } from "./bench.js";

/** How many rounds are run and forgotten first: code is optimized in stages, the last of them long after the first. */
const warmUpRounds = 10;

/**
 * Takes one sample of every variant in each round, in an order that turns round from round to round: what slows
 * the machine for a while slows all of them alike.
 *
 * @param sample - measures a variant once
 * @returns for each variant its samples, one a round
 */
export async function interleave<V extends string, S>(
  { rounds, smoke }: Settings,
  variants: readonly V[],
  sample: (variant: V) => Promise<S>,
): Promise<Record<V, S[]>> {
  const samples = Object.fromEntries(variants.map((variant) => [variant, []])) as unknown as Record<V, S[]>;
  for (let round = smoke ? 0 : -warmUpRounds; round < rounds; round++) {
    for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
      const result = await sample(variant);
      if (round >= 0) samples[variant].push(result);
    }
  }
  return samples;
}

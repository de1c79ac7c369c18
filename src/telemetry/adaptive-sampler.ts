import { check } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { withParentBased } from "./parent-based.js";
import { sampleBy } from "./probability.js";
import { Decision, type SamplerLike } from "./sdk-types.js";
import { TraceBudget } from "./trace-budget.js";

/** Options of {@link adaptiveSampler}. */
export interface AdaptiveSamplerOptions {
  /** How many traces a second are sampled, in the long run. Default 2. */
  readonly maxRate?: number;
  /**
   * How many traces may come at once after a quiet time before the sampler becomes choosy, and how many it then takes to
   * get 100 times choosier. Fewer follow the load faster, more recover the counts of bursts more exactly. A `maxRate`
   * that is larger is what may come at once. Default 10.
   */
  readonly sampleSize?: number;
  /**
   * Whether only the roots of traces are decided about, and all other spans follow their parent. Default true. With
   * `false`, peers that choose their trace ids or randomness (`ot=rv`) are always sampled, at the cost of all others.
   */
  readonly parentBased?: boolean;
}

/**
 * A sampler that follows the load: up to `maxRate` traces a second all are sampled; beyond, so many of them that the
 * long-run mean is `maxRate`. A burst of N calls adds about `sampleSize` traces and half as many again for each decimal
 * place of N.
 *
 * The probability depends only on what came before and is never 0. The threshold that it writes to the `tracestate`
 * (`ot=th`) is therefore truthful: the sum of 2^56 / (2^56 - threshold) over the sampled spans estimates how many there
 * were, without bias.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function adaptiveSampler(options: AdaptiveSamplerOptions = {}): SamplerLike {
  return adaptiveSamplerOn(() => performance.now(), options);
}

/**
 * The sampler on a clock of one's own.
 *
 * @param now - milliseconds; never goes back
 */
export function adaptiveSamplerOn(now: () => number, options: AdaptiveSamplerOptions): SamplerLike {
  checkKnown("adaptiveSampler", options, ["maxRate", "sampleSize", "parentBased"]);
  const { maxRate = 2, sampleSize = 10 } = options;
  check("adaptiveSampler: maxRate", maxRate, "a number greater than 0", isPositive);
  check("adaptiveSampler: sampleSize", sampleSize, "a number greater than 0", isPositive);
  const budget = new TraceBudget(maxRate, sampleSize);
  const root: SamplerLike = {
    shouldSample(context, traceId) {
      const result = sampleBy(budget.probability(now()), context, traceId);
      if (result.decision === Decision.recordAndSample) budget.spend();
      return result;
    },
    toString: () => `Adaptive{maxRate=${maxRate},sampleSize=${sampleSize}}`,
  };
  return withParentBased(root, options.parentBased, "adaptiveSampler");
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}

import { callOf } from "../call/call.js";
import { needMethods } from "../call/check.js";
import { promoted } from "./probability.js";
import { Decision, type SamplerLike } from "./sdk-types.js";

/**
 * Samples what belongs to a call that an authorised header forces, whatever the sampler says. Such a span was not
 * sampled by probability, and so carries no threshold.
 *
 * @param sampler - decides about all other spans; what it samples by itself stays as it is
 * @throws TypeError when that is no sampler
 */
export function forcedSampler(sampler: SamplerLike): SamplerLike {
  needMethods("forcedSampler: sampler", sampler, ["shouldSample"]);
  return {
    shouldSample(context, ...span) {
      const result = sampler.shouldSample(context, ...span);
      if (result.decision === Decision.recordAndSample || callOf(context)?.forced !== true) return result;
      return promoted(result, Decision.recordAndSample, context);
    },
    toString: () => `Forced{${sampler}}`,
  };
}

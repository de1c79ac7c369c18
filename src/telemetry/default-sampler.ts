import { adaptiveSampler } from "./adaptive-sampler.js";
import { envChoice, envNumber } from "./environment.js";
import { parentBased } from "./parent-based.js";
import { probabilitySampler } from "./probability.js";
import type { SamplerLike } from "./sdk-types.js";

/** The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name, or the adaptive one. */
export function defaultSampler(): SamplerLike {
  const name = envChoice("OTEL_TRACES_SAMPLER", samplerNames);
  if (name === undefined) return adaptiveSampler({ maxRate: 2, sampleSize: 10 });
  const kind = name.replace("parentbased_", "") as RootSampler;
  const root = probabilitySampler(probabilities[kind]());
  return kind === name ? root : parentBased(root);
}

type RootSampler = "always_on" | "always_off" | "traceidratio";

const samplerNames = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

const probabilities: Readonly<Record<RootSampler, () => number>> = {
  always_on: () => 1,
  always_off: () => 0,
  traceidratio: () => envNumber("OTEL_TRACES_SAMPLER_ARG", 0, 1) ?? 1,
};

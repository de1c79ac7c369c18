import { adaptiveSampler } from "./adaptive-sampler.js";
import { envChoice, envNumber } from "./environment.js";
import { loadPeer } from "./peers.js";
import type { SamplerLike } from "./sdk-types.js";

/** The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name, or the adaptive one. */
export function defaultSampler(): SamplerLike {
  const name = envChoice("OTEL_TRACES_SAMPLER", samplerNames);
  if (name === undefined) return adaptiveSampler({ maxRate: 2, sampleSize: 10 });
  const sdk = loadPeer("@opentelemetry/sdk-trace", "OTEL_TRACES_SAMPLER");
  const kind = name.replace("parentbased_", "") as RootSampler;
  const roots: Record<RootSampler, () => SamplerLike> = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(ratio()),
  };
  const root = roots[kind]();
  return kind === name ? root : new sdk.ParentBasedSampler({ root });
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

function ratio(): number {
  return envNumber("OTEL_TRACES_SAMPLER_ARG") ?? 1;
}

import { isSpanContextValid, TraceFlags, trace } from "@opentelemetry/api";
import { check } from "../call/check.js";
import { Decision, type SamplerLike, type SamplingResultLike } from "./sdk-types.js";

/**
 * Lets a sampler decide about the roots of traces only: all other spans follow their parent, local or remote, and keep
 * its `tracestate` as it is.
 */
export function parentBased(root: SamplerLike): SamplerLike {
  return {
    shouldSample(context, ...span) {
      const parent = trace.getSpanContext(context);
      if (parent === undefined || !isSpanContextValid(parent)) return root.shouldSample(context, ...span);
      return parent.traceFlags & TraceFlags.SAMPLED ? sampled : notSampled;
    },
    toString: () => `ParentBased{${root}}`,
  };
}

/**
 * Applies a sampler's option `parentBased`.
 *
 * @param where - the function whose option it is
 * @throws TypeError when it is neither true nor false
 */
export function withParentBased(root: SamplerLike, option: boolean | undefined, where: string): SamplerLike {
  check(`${where}: parentBased`, option, "true or false", (value) => typeof value === "boolean");
  return option === false ? root : parentBased(root);
}

const sampled: SamplingResultLike = Object.freeze({ decision: Decision.recordAndSample });
const notSampled: SamplingResultLike = Object.freeze({ decision: Decision.notRecord });

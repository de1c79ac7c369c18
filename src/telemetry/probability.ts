import { type Context, createTraceState, type TraceState, trace } from "@opentelemetry/api";
import { otValue, withoutThreshold, withThreshold } from "./ot-state.js";
import { Decision, type SamplerLike, type SamplingResultLike } from "./sdk-types.js";

/**
 * Samples a span by a probability, consistently: everyone who decides about the trace by the same or a higher
 * probability samples it, too. The threshold that the decision was made by is written to the `tracestate` (`ot=th`), so
 * that backends can recover counts: a sampled span stands for 2^56 / (2^56 - threshold) spans.
 *
 * @param probability - greater than 0, at most 1
 * @param context - the parent's context
 * @param traceId - the new span's trace id
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function sampleBy(probability: number, context: Context, traceId: string): SamplingResultLike {
  const state = parentState(context);
  const threshold = thresholdOf(probability);
  if (randomnessOf(traceId, state) < threshold) return unsampled(state);
  const traceState = withThreshold(state ?? noState, hexOf(threshold));
  return { decision: Decision.recordAndSample, traceState };
}

/**
 * A sampler with one probability for all spans.
 *
 * @param probability - from 0 to 1
 */
export function probabilitySampler(probability: number): SamplerLike {
  return {
    shouldSample: (context, traceId) =>
      probability === 0 ? unsampled(parentState(context)) : sampleBy(probability, context, traceId),
    toString: () => `Probability{${probability}}`,
  };
}

/**
 * Raises a decision for another reason than probability. A threshold, which the sampler or the parent may have given,
 * would be untrue, and is taken out.
 */
export function promoted(result: SamplingResultLike, decision: number, context: Context): SamplingResultLike {
  const state = result.traceState ?? parentState(context);
  return state === undefined
    ? { ...result, decision }
    : { ...result, decision, traceState: withoutThreshold(state) };
}

// Thresholds and randomness have 56 bits. Here they are the first 52 of them, 13 hex digits: so many a number holds.
const scale = 2 ** 52;

/**
 * How many of 2^52 spans are not sampled. It has four significant digits, as the specification recommends, after those
 * that the thresholds of small probabilities all begin with.
 */
function thresholdOf(probability: number): number {
  const leadingFs = Math.floor(-Math.log2(probability) / 4);
  const lastDigit = 16 ** Math.max(13 - 4 - leadingFs, 0);
  const sampled = Math.round((probability * scale) / lastDigit) * lastDigit;
  return scale - Math.max(sampled, 1);
}

/** A threshold as `th` has it: without trailing zeros. */
function hexOf(threshold: number): string {
  return threshold === 0 ? "0" : threshold.toString(16).padStart(13, "0").replace(/0+$/, "");
}

/** The trace's randomness: the `tracestate` names it (`ot=rv`), or the last 14 digits of the trace id are it. */
function randomnessOf(traceId: string, state: TraceState | undefined): number {
  const explicit = otValue(state, "rv");
  const digits = explicit !== undefined && isRandomness.test(explicit) ? explicit : traceId.slice(-14);
  return Number.parseInt(digits.slice(0, 13), 16);
}

const isRandomness = /^[0-9a-f]{14}$/;
const noState = createTraceState();

/** The `tracestate` that a new span takes over from its parent. */
function parentState(context: Context): TraceState | undefined {
  return trace.getSpanContext(context)?.traceState;
}

/** What a parent was sampled by does not hold for a span that is not. */
function unsampled(state: TraceState | undefined): SamplingResultLike {
  const traceState = state && withoutThreshold(state);
  return traceState === undefined ? notRecorded : { decision: Decision.notRecord, traceState };
}

const notRecorded: SamplingResultLike = Object.freeze({ decision: Decision.notRecord });

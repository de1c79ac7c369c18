import type { Attributes, Context } from "@opentelemetry/api";
import { callOf } from "../call/call.js";
import { hasMethods } from "../call/check.js";
import { compileGlob } from "../call/method-filter.js";
import { checkKnown, unexpected } from "../call/options.js";
import { rpcMethod } from "../call/semconv.js";
import { adaptiveSampler } from "./adaptive-sampler.js";
import { withParentBased } from "./parent-based.js";
import { probabilitySampler } from "./probability.js";
import type { SamplerLike } from "./sdk-types.js";

/** How spans are sampled: a probability from 0 to 1, or a sampler to ask. */
export type Sampling = number | SamplerLike;

/** One rule of {@link ruleSampler}. */
export interface SamplingRule {
  /** A glob over `pkg.Service/Method`, in which `*` stands for any characters: `"payment.*"`, ``"*\/Get*"``. */
  readonly match: string;
  /** How the spans of these methods are sampled. */
  readonly sample: Sampling;
}

/** Options of {@link ruleSampler}. */
export interface RuleSamplerOptions {
  /** How all other spans are sampled, those that are of no RPC as well. Default: `adaptiveSampler()`. */
  readonly otherwise?: Sampling;
  /** Whether only the roots of traces are decided about, and all other spans follow their parent. Default true. */
  readonly parentBased?: boolean;
}

/**
 * A sampler that goes by the method: the first rule that matches decides. The method is what the span's attribute
 * `rpc.method` says when it starts; a span without it belongs to the call that it is started in.
 *
 * Probabilities are written to the `tracestate` (`ot=th`), so that backends can recover counts.
 *
 * @throws TypeError for a bad rule or option: it names the option, what it got and what it accepts
 *
 * @example
 * ruleSampler(
 *   [
 *     { match: "payment.*", sample: 1 },
 *     { match: "order.*", sample: 0.5 },
 *     { match: "search.*", sample: adaptiveSampler({ maxRate: 5 }) },
 *   ],
 *   { otherwise: 0.1 },
 * )
 */
export function ruleSampler(rules: readonly SamplingRule[], options: RuleSamplerOptions = {}): SamplerLike {
  if (!Array.isArray(rules)) throw unexpected("ruleSampler", "an array of { match, sample }", rules);
  checkKnown("ruleSampler", options, ["otherwise", "parentBased"]);
  const compiled = rules.map(compileRule);
  const { otherwise: others = adaptiveSampler() } = options;
  const otherwise = samplerOf("ruleSampler: otherwise", others);
  const root: SamplerLike = {
    shouldSample(context, traceId, name, kind, attributes, links) {
      const method = methodOf(context, attributes);
      const rule = method === undefined ? undefined : compiled.find(({ matches }) => matches(method));
      const sampler = rule?.sampler ?? otherwise;
      return sampler.shouldSample(context, traceId, name, kind, attributes, links);
    },
    toString: () => `Rules{${[...compiled, `otherwise=${otherwise}`].join(",")}}`,
  };
  return withParentBased(root, options.parentBased, "ruleSampler");
}

interface CompiledRule {
  readonly matches: (method: string) => boolean;
  readonly sampler: SamplerLike;
  toString(): string;
}

function compileRule(rule: SamplingRule, index: number): CompiledRule {
  const where = `ruleSampler: rules[${index}]`;
  checkKnown(where, rule, ["match", "sample"]);
  const { match, sample } = rule;
  if (typeof match !== "string") throw unexpected(`${where}.match`, 'a glob such as "chat.v1.*"', match);
  const sampler = samplerOf(`${where}.sample`, sample);
  return { matches: compileGlob(match), sampler, toString: () => `${match}=${sampler}` };
}

function samplerOf(option: string, sampling: Sampling): SamplerLike {
  if (typeof sampling === "number" && sampling >= 0 && sampling <= 1) return probabilitySampler(sampling);
  if (typeof sampling === "object" && hasMethods(sampling, ["shouldSample"])) return sampling;
  throw unexpected(option, "a number from 0 to 1 or a sampler", sampling);
}

function methodOf(context: Context, attributes: Attributes): string | undefined {
  const method = attributes[rpcMethod];
  return typeof method === "string" ? method : callOf(context)?.path;
}

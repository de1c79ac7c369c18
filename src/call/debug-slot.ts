import type { Call } from "./call.js";
import { shared } from "./shared.js";

/** The debug rules of the process, as loggers see them. */
export interface RulesInForce {
  /** Whether there is none: the one question that is asked with every line. */
  readonly isEmpty: boolean;
  /** The first rule that is for this call, or for the one that it is made for; without a call, the first for everything. */
  ruleFor(call: Call | undefined): { readonly id: number } | undefined;
}

/** Where the debug service puts its rules. A program without it has none, and no code for them. */
export const debugSlot: { rules: RulesInForce | undefined } = shared("debug rules", () => ({
  rules: undefined,
}));

/** The rule that switches debug on for a call, or outside of calls. */
export function debugRuleFor(call: Call | undefined): { readonly id: number } | undefined {
  const { rules } = debugSlot;
  return rules === undefined || rules.isEmpty ? undefined : rules.ruleFor(call);
}

import { hasMethods } from "../call/check.js";
import { unexpected } from "../call/options.js";
import { envChoices } from "./environment.js";

/** A propagator by the name that `OTEL_PROPAGATORS` has for it. */
export type PropagatorName = (typeof names)[number];

/** A propagator of `connect-clue/b3`, by the name that `OTEL_PROPAGATORS` has for it. */
export type B3Name = (typeof b3Names)[number];

const names = ["tracecontext", "baggage"] as const;
const b3Names = ["b3", "b3multi"] as const;

/** The names in `OTEL_PROPAGATORS`, none where that is `none`; by default those of W3C. */
export function propagatorNamesOfEnvironment(): readonly (PropagatorName | B3Name)[] {
  const said = envChoices("OTEL_PROPAGATORS", [...names, ...b3Names, "none"]);
  return said.length === 0 ? names : said.filter((name) => name !== "none");
}

/** Whether it is the name of a propagator of `connect-clue/b3`. */
export function isB3Name(name: unknown): name is B3Name {
  return b3Names.some((each) => each === name);
}

/**
 * Checks a list of propagators and names.
 *
 * @param option - names it in the error
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkPropagators(option: string, list: unknown): void {
  if (list === undefined) return;
  const items: readonly unknown[] = Array.isArray(list) ? list : [undefined];
  const b3 = items.find(isB3Name);
  if (b3 !== undefined) {
    throw new TypeError(
      `${option}: ${JSON.stringify(b3)} has an entry point of its own: import { ${b3} } from "connect-clue/b3", and give ${b3}() in its place`,
    );
  }
  const known: readonly unknown[] = names;
  if (items.every((item) => known.includes(item) || hasMethods(item, ["inject", "extract"]))) return;
  const quoted = names.map((name) => JSON.stringify(name)).join(", ");
  throw unexpected(option, `an array of propagators or of ${quoted}`, list);
}

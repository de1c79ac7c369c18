import { hasMethods } from "./check.js";
import { checkKnown, isHeaderName, unexpected } from "./options.js";

/** What the values of an option are. */
export interface Accepted {
  /** In words, for the error. */
  readonly accepts: string;
  isGood(value: unknown): boolean;
}

/**
 * Checks an object of options: there may be no option that does not exist, and each that is given must be of its kind.
 *
 * @param where - names the options in errors: `trace` makes `trace.carrier`
 * @param kinds - all options there are, in the order in which errors name them; undefined for one that is checked elsewhere
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkOptions<T extends object>(
  where: string,
  options: T,
  kinds: { readonly [K in keyof Required<T>]: Accepted | undefined },
): void {
  checkKnown(where, options, Object.keys(kinds));
  for (const [name, value] of Object.entries(options)) {
    const kind = kinds[name as keyof T];
    if (value === undefined || kind === undefined || kind.isGood(value)) continue;
    throw unexpected(`${where}.${name}`, kind.accepts, value);
  }
}

/** True or false. */
export const flag: Accepted = {
  accepts: "true or false",
  isGood: (value) => typeof value === "boolean",
};

/** Any function. */
export const aFunction: Accepted = {
  accepts: "a function",
  isGood: (value) => typeof value === "function",
};

/** The name of an HTTP header. */
export const headerName: Accepted = { accepts: "the name of a header", isGood: isHeaderName };

/** A list of names of HTTP headers. */
export const headerNames: Accepted = {
  accepts: "a list of header names",
  isGood: (value) => Array.isArray(value) && value.every(isHeaderName),
};

/** One of a few texts. */
export function oneOf(...texts: readonly string[]): Accepted {
  return {
    accepts: texts.map((text) => JSON.stringify(text)).join(" or "),
    isGood: (value) => texts.includes(value as string),
  };
}

/** An object, or a function, with some methods. */
export function withMethods(...names: readonly string[]): Accepted {
  return { accepts: `an object with ${names.join(", ")}`, isGood: (value) => hasMethods(value, names) };
}

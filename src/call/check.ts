import { unexpected } from "./options.js";

/**
 * Checks one option, where it is given.
 *
 * @param option - names it in the error: `otlpSpans: url`
 * @param accepts - what it takes, in words
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function check<T>(
  option: string,
  value: T | undefined,
  accepts: string,
  isGood: (value: T) => boolean,
): void {
  if (value === undefined || (value !== null && isGood(value))) return;
  throw unexpected(option, accepts, value);
}

/** Checks an option that is one of a few texts. */
export function checkChoice(option: string, value: string | undefined, choices: readonly string[]): void {
  const accepts = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  check(option, value, accepts, (text) => choices.includes(text));
}

/** Checks an option that is a function. */
export function checkFunction(option: string, value: unknown): void {
  check(option, value, "a function", (given) => typeof given === "function");
}

/** The longest that a timer waits: with more, or with Infinity, Node's goes off at once. */
export const longestMs = 2 ** 31 - 1;

/** Checks an option that is a duration. */
export function checkMs(option: string, value: number | undefined, least = 1): void {
  const accepts = `a number of milliseconds from ${least} to ${longestMs}`;
  check(option, value, accepts, (ms) => typeof ms === "number" && ms >= least && ms <= longestMs);
}

/** Checks an option that is an object, or a function, with some methods. */
export function checkMethods(option: string, value: unknown, methods: readonly string[]): void {
  if (value !== undefined) needMethods(option, value, methods);
}

/** Checks what cannot be left out and is an object, or a function, with some methods. */
export function needMethods(argument: string, value: unknown, methods: readonly string[]): void {
  if (!hasMethods(value, methods)) {
    throw unexpected(argument, `an object with ${methods.join(", ")}`, value);
  }
}

/** Whether something has all of some methods. */
export function hasMethods(value: unknown, methods: readonly string[]): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

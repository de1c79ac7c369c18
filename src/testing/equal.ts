/** What stands for many values: `expect.any(Number)`, `expect.stringContaining("x")` and their like, of any test library. */
export interface AsymmetricMatcher {
  asymmetricMatch(value: unknown): boolean;
}

/** Whether a value is what was expected: a text that matches, an asymmetric matcher that agrees, or the same all the way down. */
export function equal(actual: unknown, expected: unknown): boolean {
  if (isAsymmetric(expected)) return expected.asymmetricMatch(actual);
  if (expected instanceof RegExp && typeof actual === "string") return new RegExp(expected).test(actual);
  if (Object.is(actual, expected)) return true;
  if (!isObject(actual) || !isObject(expected)) return false;
  if (actual instanceof Date && expected instanceof Date) return actual.getTime() === expected.getTime();
  if (Array.isArray(actual) !== Array.isArray(expected)) return false;
  const [some, others] = [Object.entries(actual), Object.entries(expected)];
  return (
    some.length === others.length &&
    others.every(([key, value]) => key in actual && equal(actual[key], value))
  );
}

/** The value as a difference shows it: where it is what was expected, there is none. */
export function seenAs(actual: unknown, expected: unknown): unknown {
  return equal(actual, expected) ? expected : actual;
}

/** How many of the expected parts the value has. */
export function partsOf(actual: Readonly<Record<string, unknown>>, expected: object): number {
  return Object.entries(expected).filter(([key, value]) => key in actual && equal(actual[key], value)).length;
}

/** Whether it is what test libraries take for an asymmetric matcher. */
export function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return isObject(value) && typeof value.asymmetricMatch === "function";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/**
 * Whether this is what is thrown when a test's assertion fails. `node:assert`, Chai and Vitest say so in its name; matchers
 * that were added to `expect`, the kit's own too, leave the values that they compared.
 */
export function isAssertion(error: unknown): error is object {
  // No `instanceof`: a test runner may give each test file a realm of its own.
  if (typeof error !== "object" || error === null) return false;
  const { name } = error as Partial<Error>;
  return String(name).startsWith("AssertionError") || ("actual" in error && "expected" in error);
}

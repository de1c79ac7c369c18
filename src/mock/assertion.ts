import { WrongAnswer } from "./answer.js";

/**
 * Whether this tells that the test is wrong: what is thrown when an assertion fails, or what a mock throws of its own handlers.
 * `node:assert`, Chai and Vitest say so in the error's name; matchers that were added to `expect`, the kit's own too, throw an
 * error of a class of its own.
 */
export function isAssertion(error: unknown): error is Error {
  // No `instanceof Error`: a test runner may give each test file a realm of its own.
  if (typeof error !== "object" || error === null) return false;
  const className = String(error.constructor?.name);
  const isNamed = String((error as Partial<Error>).name).startsWith("AssertionError");
  return isNamed || error instanceof WrongAnswer || matcherErrors.includes(className);
}

/** Vitest's, and Jest's. */
const matcherErrors = ["JestExtendError", "JestAssertionError"];

import { describe } from "../call/options.js";

/** What a test runner hands to a test: the context of Vitest, or that of `node:test`. */
export type TestContext =
  | { readonly onTestFinished: (act: () => void | Promise<void>) => void }
  | { readonly after: (act: () => void | Promise<void>) => void };

/**
 * Acts at the end of a test. When the act throws, the test fails, also one that has passed until then.
 *
 * @param test - the context that the test runner hands to the test or to a `beforeEach`
 * @throws TypeError when it is no such context
 */
export function atEndOf(test: TestContext, act: () => void | Promise<void>): void {
  if (hasMethod(test, "onTestFinished")) test.onTestFinished(act);
  else if (hasMethod(test, "after")) test.after(act);
  else {
    const expected = 'the context that Vitest or node:test hands to a test, as in test("…", (t) => …)';
    throw new TypeError(`test: expected ${expected}, got ${describe(test)}`);
  }
}

function hasMethod<K extends string>(value: unknown, name: K): value is Record<K, (act: unknown) => void> {
  return typeof (value as Partial<Record<K, unknown>> | null | undefined)?.[name] === "function";
}

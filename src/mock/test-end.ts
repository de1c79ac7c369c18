import { hasMethods } from "../call/check.js";
import { unexpected } from "../call/options.js";
import { errorMessage } from "./error-message.js";

/** What a test runner hands to a test: the context of Vitest, or that of `node:test`. */
export type TestContext =
  | { readonly onTestFinished: (act: () => void | Promise<void>) => void }
  | { readonly after: (act: () => void | Promise<void>) => void };

/**
 * Acts at the end of a test. When the act throws, the test fails, also one that has passed until then. Of several acts the
 * latest comes first, and each has its turn: `node:test` would stop at the first hook that throws.
 *
 * @param test - the context that the test runner hands to the test or to a `beforeEach`
 * @throws TypeError when it is no such context
 */
export function atEndOf(test: TestContext, act: Act): void {
  const acts = [...(actsOf.get(test) ?? []), act];
  if (acts.length === 1) {
    onEndOf(test, async () => {
      const all = actsOf.get(test) ?? [];
      actsOf.delete(test);
      await runAll(all.toReversed());
    });
  }
  actsOf.set(test, acts);
}

type Act = () => void | Promise<void>;

/** What is to be done at the end of tests that have not ended. */
const actsOf = new WeakMap<TestContext, readonly Act[]>();

function onEndOf(test: TestContext, act: Act): void {
  if (hasMethods(test, ["onTestFinished"]) && "onTestFinished" in test) test.onTestFinished(act);
  else if (hasMethods(test, ["after"]) && "after" in test) test.after(act);
  else throw unexpected("test", expected, test);
}

const expected = 'the context that Vitest or node:test hands to a test, as in test("…", (t) => …)';

async function runAll(acts: readonly Act[]): Promise<void> {
  const errors: unknown[] = [];
  for (const act of acts) {
    try {
      await act();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(errorMessage).join("\n\n"));
}

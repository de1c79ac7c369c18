import { type Finding, findLogged, findSpan } from "../testing/finding.js";
import type { LogMatch, SpanMatch } from "../testing/index.js";

/**
 * Vitest's matchers for what the test kit keeps: `expect(log).toHaveLogged("saying")` and
 * `expect(spans).toHaveSpan({ name: "chat.v1.ChatService/Say", kind: "server" })`, with `not` as well. They are there once
 * a set-up file has registered them.
 *
 * @example
 * // A file that `setupFiles` names:
 * expect.extend(matchers);
 */
export const matchers: {
  toHaveLogged(this: MatcherState, received: unknown, expected: LogMatch): MatcherResult;
  toHaveSpan(this: MatcherState, received: unknown, expected: SpanMatch): MatcherResult;
} = {
  toHaveLogged(received, expected) {
    return result(this, findLogged(received, expected));
  },
  toHaveSpan(received, expected) {
    return result(this, findSpan(received, expected));
  },
};

/** What Vitest hands to a matcher as `this`, as far as these look at it. */
export interface MatcherState {
  readonly utils: {
    diff(expected: unknown, received: unknown): string | null | undefined;
    stringify(value: unknown): string;
  };
}

/** What a matcher says to Vitest. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

function result({ utils }: MatcherState, finding: Finding): MatcherResult {
  const { what, expected, found, nearest, all } = finding;
  if (found !== undefined) {
    return {
      pass: true,
      message: () =>
        `expected no ${what} like this:\n\n${utils.stringify(expected)}\n\nThere is:\n\n${found}`,
    };
  }
  const message = () => {
    const missing = `expected a ${what} like this`;
    if (nearest === undefined) return `${missing}:\n\n${utils.stringify(expected)}\n\nThere is none at all.`;
    return `${missing}; the one most like it differs:\n\n${utils.diff(expected, nearest)}\n\nAll there is:\n\n${all}`;
  };
  return { pass: false, message };
}

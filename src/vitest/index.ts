// So that the compiler finds what is added to.
import type {} from "vitest";
import type { LogMatch, SpanMatch } from "../testing/index.js";

export { type MatcherResult, type MatcherState, matchers } from "./matchers.js";

/** What the matchers add to `expect(…)`. */
export interface ClueMatchers {
  /**
   * A logger made by `testLogger()`, or a list of its entries, has an entry like this.
   *
   * @param expected - the message, a pattern for it, or parts of the line: `{ severity, message, fields }`
   */
  toHaveLogged(expected: LogMatch): void;
  /**
   * A recorder made by `testSpans()`, or a list of its spans, has a span like this.
   *
   * @param expected - the name, a pattern for it, or parts of the span: `{ name, kind, attributes, status, parent, events }`
   */
  toHaveSpan(expected: SpanMatch): void;
}

declare module "vitest" {
  interface Matchers<T> extends ClueMatchers {}
  // Before Vitest 3.2 there is no Matchers.
  interface Assertion<T> extends ClueMatchers {}
}

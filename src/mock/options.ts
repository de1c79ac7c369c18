import type { TestContext } from "./test-end.js";

/** Options of {@link createMock}. */
export interface MockOptions {
  /**
   * The context that Vitest or `node:test` hands to the test: at the end of that test the mock is verified. Without it, call
   * `verify()` yourself.
   */
  readonly test?: TestContext;
}

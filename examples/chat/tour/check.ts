import { isDeepStrictEqual } from "node:util";
import { seen } from "./screen.js";

/**
 * Compares what was seen with what the tour claims, and says so.
 *
 * @throws Error when they differ: it names the claim, what was expected and what was seen
 */
export function check(claim: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${claim}: expected ${JSON.stringify(expected)}, saw ${JSON.stringify(actual)}`);
  }
  seen(`${claim}: ${typeof actual === "string" ? actual : JSON.stringify(actual)}`);
}

import { check } from "../call/check.js";

/** Checks which one of several is meant. */
export function checkCount(option: string, count: number): void {
  check(option, count, "a whole number from 1", (n) => Number.isInteger(n) && n > 0);
}

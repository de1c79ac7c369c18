import { ROOT_CONTEXT } from "@opentelemetry/api";
import { longestMs } from "../call/check.js";
import { logger } from "../log/index.js";

// How OpenTelemetry's variables are read: an empty one is as good as none, and a value that is no good is warned of
// and passed over, since a deployment must not fail for it.

/** A variable's text, or undefined. */
export function envText(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}

/** Whether a variable says `true`. */
export function envFlag(name: string): boolean {
  return envText(name)?.toLowerCase() === "true";
}

/**
 * A variable's number: of milliseconds, of spans.
 *
 * @param least - the smallest number that makes sense
 * @param most - the largest; by default what a timer can wait, which is more than any queue should hold
 */
export function envNumber(name: string, least = 0, most = longestMs): number | undefined {
  const text = envText(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value >= least && value <= most) return value;
  warnOf(name, text, `a number from ${least} to ${most}`);
  return undefined;
}

/** A variable that has one of a few values. */
export function envChoice<T extends string>(name: string, choices: readonly T[]): T | undefined {
  const text = envText(name)?.toLowerCase();
  if (text === undefined) return undefined;
  const choice = choices.find((each) => each === text);
  if (choice === undefined) warnOf(name, text, choices.join(", "));
  return choice;
}

/** A variable that lists some of a few values, with commas between them: those of them that there are. */
export function envChoices<T extends string>(name: string, choices: readonly T[]): readonly T[] {
  const texts = envText(name)?.toLowerCase().split(",") ?? [];
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .flatMap((text) => {
      const choice = choices.find((each) => each === text);
      if (choice === undefined) warnOf(name, text, choices.join(", "));
      return choice ?? [];
    });
}

/** Warns of a variable's value, or of a part of it, that is passed over. */
export function warnOf(name: string, got: string, accepts: string): void {
  logger(ROOT_CONTEXT).warn(`${name}: passed over; it takes ${accepts}`, { got });
}

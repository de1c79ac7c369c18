import { ROOT_CONTEXT } from "@opentelemetry/api";
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
 */
export function envNumber(name: string, least = 0): number | undefined {
  const text = envText(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value >= least) return value;
  warnOf(name, text, `a number from ${least} on`);
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

/** A variable that lists some of a few values, with commas between them. */
export function envChoices<T extends string>(name: string, choices: readonly T[]): readonly T[] | undefined {
  return envText(name)
    ?.split(",")
    .map((text) => text.trim().toLowerCase())
    .flatMap((text) => {
      const choice = choices.find((each) => each === text);
      if (choice === undefined) warnOf(name, text, choices.join(", "));
      return choice ?? [];
    });
}

function warnOf(name: string, got: string, accepts: string): void {
  logger(ROOT_CONTEXT).warn(`${name}: passed over; it takes ${accepts}`, { got });
}

import { check, checkMs } from "../call/check.js";
import { checkKnown, isHeaderName, isObject } from "../call/options.js";
import { checkDependency } from "./check-dependency.js";
import { within } from "./deadline.js";
import type { Dependency } from "./types.js";

/** What all pingers take. */
export interface PingerOptions extends Pick<Dependency, "services" | "critical"> {
  /** How long this ping may take, in milliseconds, where that is less than the checker's own `timeoutMs`. */
  readonly timeoutMs?: number;
}

/** Makes a dependency of a ping and of what all pingers take, which {@link checkPinger} has checked. */
export function makePinger(
  name: string,
  { timeoutMs, services, critical }: PingerOptions,
  ping: (signal: AbortSignal) => Promise<unknown>,
): Dependency {
  return {
    name,
    ...(services !== undefined && { services }),
    ...(critical !== undefined && { critical }),
    ping: timeoutMs === undefined ? ping : (signal) => within(timeoutMs, ping, signal),
  };
}

/**
 * Checks a pinger's name, and those of its options that all pingers take.
 *
 * @param where - the function that the caller called, for errors
 * @param known - the names of its other options
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkPinger(
  where: string,
  name: string,
  options: PingerOptions,
  known: readonly string[] = [],
): void {
  checkKnown(where, options, [...known, "timeoutMs", "services", "critical"]);
  checkMs(`${where}: timeoutMs`, options.timeoutMs);
  checkDependency(
    where,
    makePinger(name, options, async () => {}),
  );
}

/**
 * Checks headers to send, where there are any.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkHeaders(option: string, headers: Readonly<Record<string, string>> | undefined): void {
  check(option, headers, "an object of headers and their values", (value) => {
    return isObject(value) && Object.entries(value).every(isHeader);
  });
}

function isHeader([name, value]: readonly [string, unknown]): boolean {
  return isHeaderName(name) && typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

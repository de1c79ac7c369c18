/**
 * Checks that an options object has no option that does not exist: a typing error must not pass in silence.
 *
 * @param where - names the function or option in the error: `createLogger`
 * @throws TypeError naming the option and those that there are
 */
export function checkKnown(where: string, options: object, known: readonly string[]): void {
  if (!isObject(options)) {
    throw new TypeError(`${where}: expected an object of options, got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(
        `${where}: there is no option ${JSON.stringify(name)}; there are ${known.join(", ")}`,
      );
    }
  }
}

/** Whether a value is an object, and no array. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value can be the name of a header (RFC 9110, section 5.6.2). */
export function isHeaderName(value: unknown): value is string {
  return typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value);
}

/** The error for a value that is no good: it names the option, what it accepts and what it got. */
export function unexpected(option: string, accepts: string, value: unknown): TypeError {
  return new TypeError(`${option}: expected ${accepts}, got ${describe(value)}`);
}

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}

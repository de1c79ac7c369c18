import { diag } from "@opentelemetry/api";

/**
 * Reports what an observer, a sink or a user's callback did wrong, once per culprit, through
 * OpenTelemetry's `diag`. The call that it watched goes on as if nothing had happened.
 *
 * @param culprit the object or function at fault: its further faults are not reported
 * @param what names it for a reader: `"the observer ..."`, `"the log sink"`
 */
export function reportFault(culprit: object, what: string, error: unknown): void {
  if (reported.has(culprit)) return;
  reported.add(culprit);
  try {
    diag.error(`connect-clue: ${what} failed; the call is not affected, and this is reported once`, error);
  } catch {
    // A diag logger that throws is one more observer that may not reach the call.
  }
}

/**
 * Takes a promise off the hands of a callback that was to return at once: it is never awaited, and a rejection is
 * reported in place of ending the process.
 *
 * @returns whether the value was a promise
 */
export function ignorePromise(culprit: object, what: string, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { then } = value as Partial<PromiseLike<unknown>>;
  if (typeof then !== "function") return false;
  then.call(value, undefined, (error: unknown) => reportFault(culprit, what, error));
  return true;
}

/**
 * Makes a function of the caller's safe to ask: what it throws, and a promise in place of a value, is reported, and
 * the fallback's answer taken.
 *
 * @param what names it for a reader
 */
export function guarded<A extends unknown[], R>(
  fn: (...args: A) => R,
  what: string,
  fallback: (...args: A) => R,
): (...args: A) => R {
  return (...args) => {
    try {
      const result = fn(...args);
      if (!ignorePromise(fn, what, result)) return result;
      reportFault(fn, what, new TypeError("expected a value, got a promise"));
    } catch (error) {
      reportFault(fn, what, error);
    }
    return fallback(...args);
  };
}

const reported = new WeakSet<object>();

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

const reported = new WeakSet<object>();

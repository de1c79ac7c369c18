import { type Call, calls, liveCalls } from "../call/call.js";
import { isDebugService } from "../call/operations.js";

/**
 * The calls that something still runs for, oldest first: those in flight, and those whose client has gone while their
 * handler has not come back. Calls of the debug service itself are left out.
 */
export function callsInFlight(): Call[] {
  return [...liveCalls, ...(calls.lingering ?? [])]
    .filter(({ service }) => !isDebugService(service))
    .sort((a, b) => a.id - b.id);
}

/** Whether a call's client has gone, or its time is up, while its handler still runs. */
export function isClientGone(call: Call): boolean {
  return call.outcome !== undefined;
}

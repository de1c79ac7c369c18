import { onCrash } from "#platform";
import { liveCalls } from "../call/call.js";
import { logOf } from "./call-log.js";
import type { BoundLogger } from "./logger.js";

/**
 * Makes sure that a process which dies of an uncaught error leaves the story of every call in flight, and of the
 * error itself. It only looks on: how the process dies is not changed. A process that is killed (SIGKILL) leaves nothing.
 *
 * @param loggers - all loggers of the process, as they are when it dies
 * @param root - the one that tells of the error
 * @returns false where the platform does not report crashes
 */
export function recordCrashes(loggers: Iterable<BoundLogger>, root: () => BoundLogger): boolean {
  return onCrash((error) => {
    for (const call of liveCalls) logOf(call)?.scope.flush();
    root().error(error, "uncaught exception");
    for (const logger of loggers) logger.flush();
  });
}

/** What the debug service may see and do of the log while the process runs. Nothing of it is public. */
import { type Call, liveCalls } from "../call/call.js";
import type { CallInfo } from "../call/types.js";
import { logOf } from "./call-log.js";
import { loggers, rootLogger } from "./create-logger.js";
import type { LogKeys } from "./keys.js";
import { lineLedger } from "./ledger.js";
import { boundLogger, type Logger } from "./logger.js";
import type { LogScope } from "./scope.js";
import { type LogViewer, logTail, SeenLine } from "./tail.js";

export type { LogViewer, SeenLine } from "./tail.js";

/**
 * Shows a viewer all that is logged from now on, and first, if it wants to see them, the lines that calls hold back.
 *
 * @returns ends that
 */
export function tail(viewer: LogViewer): () => void {
  if (viewer.wantsHeld) {
    for (const line of heldScopes().flatMap(({ buffer }) => buffer.lines())) {
      viewer.see(new SeenLine(line, true, undefined));
    }
  }
  logTail.add(viewer);
  return () => logTail.delete(viewer);
}

/** How many lines a call holds back. Those of a client's call stand in the call that it is made for. */
export function heldLines(call: CallInfo): number {
  const log = logOf(call as Call);
  return log === undefined || log.scope.owner !== log ? 0 : log.scope.buffer.count;
}

/**
 * Writes what a call holds back, and its start if that is still owed.
 *
 * @returns how many lines that were
 */
export function flushCall(call: CallInfo): number {
  return logOf(call as Call)?.scope.flush() ?? 0;
}

/** The request id on the lines of a call; undefined where calls are not logged, or have none. */
export function requestIdOf(call: CallInfo): string | undefined {
  const log = logOf(call as Call);
  const id = log?.callFields()[log.core.keys.requestId];
  return typeof id === "string" ? id : undefined;
}

/** What all calls together hold back. */
export function bufferUse(): {
  readonly lines: number;
  readonly bytes: number;
  readonly budgetBytes: number;
} {
  const { count: lines, bytes, limit: budgetBytes } = lineLedger;
  return { lines, bytes, budgetBytes };
}

/** Lines that were lost because a sink did not keep up, failed or was gone. */
export function linesLostBySinks(): number {
  const outputs = [...loggers].flatMap(({ core }) => core.outputs);
  const lost = outputs.reduce((sum, output) => sum + output.lost, 0);
  const sinks = new Set<object>(outputs.map(({ sink }) => sink));
  return [...sinks].reduce((sum, sink) => sum + droppedBy(sink), lost);
}

/**
 * A logger and the keys of its lines; the root logger, as it is now, when it is left out.
 *
 * @param option - names the logger in the error
 * @throws TypeError when it is no logger of the kit
 */
export function loggerAndKeys(
  logger: Logger | undefined,
  option: string,
): { readonly log: Logger; readonly keys: LogKeys } {
  const log = logger === undefined ? rootLogger() : boundLogger(logger, option);
  return { log, keys: log.core.keys };
}

/** The kit's own sinks count what they drop. */
function droppedBy(sink: object & { dropped?: unknown }): number {
  return typeof sink.dropped === "number" ? sink.dropped : 0;
}

function heldScopes(): LogScope[] {
  const scopes = new Set<LogScope>();
  for (const call of liveCalls) {
    const log = logOf(call);
    if (log !== undefined) scopes.add(log.scope);
  }
  return [...scopes];
}

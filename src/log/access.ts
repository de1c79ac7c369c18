import type { Code } from "@connectrpc/connect";
import { asConnectError, codeName, isServerFault } from "../call/code.js";
import { roundedMs } from "../call/rounded-ms.js";
import type { FailureOutcome, Outcome } from "../call/types.js";
import type { CallLog } from "./call-log.js";
import type { AccessLine, CallLogOptions } from "./call-options.js";
import type { Line } from "./line.js";
import type { Fields, Severity } from "./types.js";

/** The line that tells of a call's start, with the time when it was; undefined when there is to be none. */
export function startLine(log: CallLog, options: CallLogOptions): Line | undefined {
  if (options.access === "off") return undefined;
  const { call, core } = log;
  const { keys } = core;
  const fields: Fields = {
    [keys.side]: call.side,
    [keys.kind]: call.kind,
    [keys.protocol]: call.protocol,
    [keys.peer]: call.peer,
  };
  const line = options.accessLog(
    { phase: "start", severity: "info", message: "start", fields },
    call,
    undefined,
  );
  return line && record(log, line, call.startTime);
}

/** The line that tells how a call ended; undefined when there is to be none. */
export function endLine(
  log: CallLog,
  options: CallLogOptions,
  outcome: Outcome,
  failed: boolean,
): Line | undefined {
  if (options.access === "off") return undefined;
  const severity = outcome.type === "ok" || !failed ? "info" : failureSeverity(outcome.code);
  const fields = {
    ...endFields(log, outcome),
    ...(outcome.type === "ok" ? {} : failureFields(log, outcome)),
  };
  const line = options.accessLog({ phase: "end", severity, message: "end", fields }, log.call, outcome);
  return line && record(log, line, Date.now(), outcome);
}

function record(log: CallLog, line: AccessLine, time: number, outcome?: Outcome): Line {
  const { severity, message, fields } = line;
  const error = outcome === undefined || outcome.type === "ok" ? undefined : { value: outcome.cause };
  return log.core.record(log.logger, { severity, message, fields, error, time });
}

function endFields({ core: { keys } }: CallLog, outcome: Outcome): Fields {
  return {
    [keys.code]: outcome.code === undefined ? "ok" : codeName(outcome.code),
    [keys.duration]: roundedMs(outcome.durationMs),
    [keys.received]: outcome.received,
    [keys.sent]: outcome.sent,
  };
}

function failureFields({ core: { keys } }: CallLog, outcome: FailureOutcome): Fields {
  return { [keys.outcome]: outcome.type, [keys.status]: statusMessage(outcome) };
}

/** What the other side is told. Connect tells nothing of an error that is none of its own. */
function statusMessage({ type, cause }: FailureOutcome): string | undefined {
  return asConnectError(cause)?.rawMessage ?? (type === "error" ? "internal error" : undefined);
}

/** Codes that are the server's fault are errors, all others are the caller's and warnings. */
function failureSeverity(code: Code): Severity {
  return isServerFault(code) ? "error" : "warn";
}

import { type Call, callOf } from "../call/call.js";
import { isDebugService } from "../call/operations.js";
import type { CallObserverFactory } from "../call/types.js";
import { CallLog, logOf } from "./call-log.js";
import { type LogOptions, resolveCallLogOptions } from "./call-options.js";
import { carriedLogger } from "./carry.js";
import { rootLogger } from "./create-logger.js";
import { boundLogger, type Logger } from "./logger.js";

/**
 * The log's observer factory.
 *
 * @param logger - where calls log to; the root logger, as it is when a call begins, when left out
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function logObserver(logger: Logger | undefined, options: LogOptions): CallObserverFactory {
  const resolved = resolveCallLogOptions(options);
  const given = logger && boundLogger(logger, "logger");
  return (info) => {
    // It says itself who uses it for what; lines about who tails the log would be tailed themselves, without end.
    if (info.side === "server" && isDebugService(info.service)) return undefined;
    const call = info as Call;
    const { core, bindings } = given ?? rootLogger();
    const carried = carriedLogger(call.parent);
    const parent = call.side === "client" ? runningLog(callOf(call.parent)) : undefined;
    const inherited = carried?.bindings === undefined ? bindings : { ...bindings, ...carried.bindings };
    const log = new CallLog(parent?.core ?? core, call, resolved, parent, inherited);
    call.log = log;
    return log;
  };
}

/** The log of the call that a client's call is made for, while that call still runs. */
function runningLog(call: Call | undefined): CallLog | undefined {
  const log = logOf(call);
  return log === undefined || log.scope.ended ? undefined : log;
}

import type { Context } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import type { CallInfo } from "../call/types.js";
import { logOf } from "./call-log.js";
import { carriedLogger, logger } from "./carry.js";
import { rootLogger } from "./create-logger.js";

/**
 * Whether `logger(ctx)` logs debug lines now, without making that logger: for who asks at every message.
 *
 * @param call - the call that the context belongs to
 * @param ctx - the call's own context, or that of one of its messages
 */
export function debugEnabled(call: CallInfo, ctx: Context): boolean {
  if (ctx !== call.ctx && carriedLogger(ctx) !== undefined) return logger(ctx).debugEnabled;
  const log = logOf(call as Call);
  return (log?.core ?? rootLogger().core).debugOn(log?.call);
}

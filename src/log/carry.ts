import type { Context } from "@opentelemetry/api";
import { type Call, callOf } from "../call/call.js";
import { sharedSymbol } from "../call/shared.js";
import { type ContextLike, callOfContext, contextOf } from "../context/context-of.js";
import { logOf } from "./call-log.js";
import { rootLogger } from "./create-logger.js";
import { BoundLogger, boundLogger, type Logger } from "./logger.js";
import type { Fields } from "./types.js";

/**
 * The logger of a context: of a call when the context belongs to one, with all that `withFields` and `withLogger`
 * have put there, else the root logger.
 *
 * @param context - an OpenTelemetry context or a handler's; without one, the active context
 *
 * @example
 * logger(context).info("saying", { to: req.to });
 */
export function logger(context?: ContextLike): Logger {
  return loggerOf(context);
}

/** A context whose logger adds fields to every line. */
export function withFields(ctx: ContextLike, fields: Fields): Context {
  return withLogger(ctx, logger(ctx).with(fields));
}

/**
 * A context with another logger: one that was made with `with()`, or that of another context, whose buffer and fields
 * it then shares.
 *
 * @throws TypeError when the source is neither a logger nor a context
 */
export function withLogger(ctx: ContextLike, source: Logger | ContextLike): Context {
  const context = contextOf(ctx);
  const bound = isContextLike(source) ? loggerOf(source) : boundLogger(source, "withLogger");
  return context.setValue(loggerKey, { call: callOf(context), logger: bound } satisfies Carried);
}

/** The fields that a context's logger adds: what a call that is made there inherits. */
export function carriedLogger(ctx: Context): BoundLogger | undefined {
  return (ctx.getValue(loggerKey) as Carried | undefined)?.logger;
}

const loggerKey: symbol = sharedSymbol("logger");

/** A logger that a context carries, and the call that the context belonged to: a later call has its own logger. */
interface Carried {
  readonly call: Call | undefined;
  readonly logger: BoundLogger;
}

function loggerOf(context: ContextLike | undefined): BoundLogger {
  const ctx = contextOf(context);
  const call = callOfContext(context) ?? callOf(ctx);
  const carried = ctx.getValue(loggerKey) as Carried | undefined;
  if (carried !== undefined && carried.call === call) {
    const { core, log, bindings } = carried.logger;
    return new BoundLogger(core, log, ctx, bindings);
  }
  const log = logOf(call);
  if (log !== undefined)
    return ctx === log.call.ctx ? log.logger : new BoundLogger(log.core, log, ctx, undefined);
  const root = rootLogger();
  return ctx === root.ctx ? root : new BoundLogger(root.core, undefined, ctx, undefined);
}

function isContextLike(source: Logger | ContextLike): source is ContextLike {
  return typeof source === "object" && source !== null && ("getValue" in source || "values" in source);
}

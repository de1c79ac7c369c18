import type { HandlerContext } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { type Call, callOf, handlerCallKey } from "../call/call.js";
import { activeContext } from "../call/implicit.js";

/** What stands for a context: an OpenTelemetry context, or the second argument of a Connect handler. */
export type ContextLike = Context | HandlerContext;

/**
 * The OpenTelemetry context of a call.
 *
 * @param context - a handler's context; an OpenTelemetry context is returned as it is; without one, the active context
 * @returns the call's context; for a handler whose call is not observed, the active one
 */
export function contextOf(context?: ContextLike): Context {
  if (isOtelContext(context)) return context;
  return (isHandlerContext(context) && servedCall(context)?.ctx) || activeContext();
}

/** The call that a context belongs to, if it is an observed one. */
export function callOfContext(context: ContextLike | undefined): Call | undefined {
  if (isOtelContext(context)) return callOf(context);
  return isHandlerContext(context) ? servedCall(context) : callOf(activeContext());
}

/** Whether this is what Connect hands to a handler, as opposed to an OpenTelemetry context. */
export function isHandlerContext(context: ContextLike | undefined): context is HandlerContext {
  return typeof context === "object" && context !== null && "values" in context && "requestHeader" in context;
}

function isOtelContext(context: ContextLike | undefined): context is Context {
  return typeof (context as Partial<Context> | null | undefined)?.getValue === "function";
}

/**
 * The call of a handler: the one that its values hold, unless an adapter gives all calls the same values and the
 * active context knows better.
 */
function servedCall({ values, requestHeader }: HandlerContext): Call | undefined {
  const stored = values.get(handlerCallKey);
  if (stored === undefined || stored.header === requestHeader) return stored;
  const active = callOf(activeContext());
  return active?.header === requestHeader ? active : stored;
}

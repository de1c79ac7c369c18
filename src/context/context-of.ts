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
  if (context === undefined) return activeContext();
  if (!isHandlerContext(context)) return context;
  return context.values.get(handlerCallKey)?.ctx ?? activeContext();
}

/** The call that a context belongs to, if it is an observed one. */
export function callOfContext(context: ContextLike | undefined): Call | undefined {
  if (context !== undefined && isHandlerContext(context)) return context.values.get(handlerCallKey);
  return callOf(context ?? activeContext());
}

/** Whether this is what Connect hands to a handler, as opposed to an OpenTelemetry context. */
export function isHandlerContext(context: ContextLike): context is HandlerContext {
  return "values" in context && "requestHeader" in context;
}

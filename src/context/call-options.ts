import { type CallOptions, type ContextValues, createContextValues } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { type Call, callOf } from "../call/call.js";
import { outgoingContext } from "../call/outgoing.js";
import { type ContextLike, contextOf } from "./context-of.js";

/**
 * Options for an outgoing call that belongs to `ctx`, said explicitly: its trace and logger, and, when `ctx`
 * is that of a call being served, its signal and what is left of its deadline. With
 * `implicitContext: false` this is how outgoing calls join the incoming one.
 *
 * @param ctx - the context of the call or message that this call is made for
 * @param options - the call's own options; `timeoutMs` (milliseconds) and `signal` are kept, and whichever
 *   ends first ends the call
 *
 * @example
 * const answer = await client.say({ text }, callOptions(ctx, { timeoutMs: 500 }));
 */
export function callOptions(ctx: ContextLike, options: CallOptions = {}): CallOptions {
  const context = contextOf(ctx);
  const call = servedCall(context);
  const joined: CallOptions = { ...options, contextValues: valuesWith(context, options.contextValues) };
  if (call === undefined) return joined;
  const timeoutMs = remainingMs(call, options.timeoutMs);
  if (timeoutMs !== undefined) joined.timeoutMs = timeoutMs;
  joined.signal = options.signal === undefined ? call.signal : AbortSignal.any([call.signal, options.signal]);
  return joined;
}

/** The call being served that a context belongs to, also by way of calls that are made for it. */
function servedCall(context: Context): Call | undefined {
  let call = callOf(context);
  while (call?.side === "client") call = callOf(call.parent);
  return call;
}

/** The caller's values and the context beside them: the caller's own object may serve other calls, too. */
function valuesWith(context: Context, values: ContextValues | undefined): ContextValues {
  const own = createContextValues().set(outgoingContext, context);
  if (values === undefined) return own;
  return {
    get: (key) => (key.id === outgoingContext.id ? own : values).get(key),
    set(key, value) {
      values.set(key, value);
      return this;
    },
    delete(key) {
      values.delete(key);
      return this;
    },
  };
}

/** The shorter of the caller's own timeout and what the served call has left. Zero would mean none at all to Connect. */
function remainingMs(call: Call, own: number | undefined): number | undefined {
  const { deadline } = call;
  if (deadline === undefined) return own;
  const remaining = Math.max(1, Math.ceil(deadline - Date.now()));
  return own === undefined || own <= 0 ? remaining : Math.min(own, remaining);
}

import { type CallOptions, createContextValues } from "@connectrpc/connect";
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
  const call = callOf(context);
  const contextValues = (options.contextValues ?? createContextValues()).set(outgoingContext, context);
  const joined: CallOptions = { ...options, contextValues };
  if (call?.side !== "server") return joined;
  const timeoutMs = remainingMs(call, options.timeoutMs);
  if (timeoutMs !== undefined) joined.timeoutMs = timeoutMs;
  joined.signal = options.signal === undefined ? call.signal : AbortSignal.any([call.signal, options.signal]);
  return joined;
}

/** The shorter of the caller's own timeout and what the served call has left. Zero would mean none at all to Connect. */
function remainingMs(call: Call, own: number | undefined): number | undefined {
  const { deadline } = call;
  if (deadline === undefined) return own;
  const remaining = Math.max(1, Math.ceil(deadline - Date.now()));
  return own === undefined || own <= 0 ? remaining : Math.min(own, remaining);
}

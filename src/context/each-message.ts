import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { givenContext } from "../call/given-context.js";
import { runIn } from "../call/implicit.js";
import { callOfContext, contextOf } from "./context-of.js";
import { receive } from "./receive.js";
import { isTagged, send } from "./send.js";

/**
 * The callback of {@link eachMessage} for a handler of type `F`: it is given a message with its context, and
 * returns one reply (or a promise of it), or, as an async generator, any number of them.
 */
export type EachMessage<F> = F extends (
  requests: AsyncIterable<infer I>,
  context: HandlerContext,
) => AsyncIterable<infer O>
  ? (ctx: Context, message: I, context: HandlerContext) => Reply<O>
  : F extends (request: infer I, context: HandlerContext) => AsyncIterable<infer O>
    ? (ctx: Context, message: I, context: HandlerContext) => Reply<O>
    : never;

type Reply<O> = O | Promise<O> | AsyncIterable<O>;

/**
 * Makes a bidi or server-streaming handler of one callback per message. Messages are handled in order. The
 * callback runs with the message's context active, for `logger()` and for OpenTelemetry alike, and its replies
 * are sent in that context.
 *
 * At the server's shutdown, at a deadline and at a cancel the handler wakes from waiting and rejects with the
 * signal's reason, as far as `receive` notices them.
 *
 * @example
 * const chat: ServiceImpl<typeof ChatService> = {
 *   chat: eachMessage(async (ctx, msg) => ({ text: `you said: ${msg.text}` })),
 *   countdown: eachMessage(async function* (ctx, msg) {
 *     for (let n = msg.from; n >= 0; n--) yield { n };
 *   }),
 * };
 */
export function eachMessage<F extends (requests: never, context: HandlerContext) => unknown>(
  fn: EachMessage<F>,
): F {
  const callback = fn as unknown as Callback;
  const handler = (requests: object, context: HandlerContext): AsyncIterable<object> =>
    isAsyncIterable(requests)
      ? eachOf(callback, requests, context)
      : replies(callback, onlyPair(requests, context), context);
  return handler as unknown as F;
}

type Callback = (ctx: Context, message: object, context: HandlerContext) => Reply<object>;

async function* eachOf(callback: Callback, requests: AsyncIterable<object>, context: HandlerContext) {
  for await (const pair of receive(requests, context)) {
    yield* replies(callback, pair, context);
  }
}

/** A server-streaming handler has one message, and it has its context already. */
function onlyPair(request: object, context: HandlerContext): [Context, object] {
  const ctx = callOfContext(context)?.messageContext(request) ?? givenContext(request) ?? contextOf(context);
  return [ctx, request];
}

/** The replies to one message, each pulled with the message's context active and tagged with it. */
async function* replies(callback: Callback, [ctx, message]: [Context, object], context: HandlerContext) {
  const result = await runIn(ctx, () => callback(ctx, message, context), undefined);
  if (typeof result !== "object" || result === null) {
    throw new TypeError(`eachMessage: expected the callback to return a reply, got ${String(result)}`);
  }
  if (isAsyncIterable(result)) {
    for await (const reply of pulledIn(ctx, result)) yield inContext(ctx, reply, context);
  } else {
    yield inContext(ctx, result, context);
  }
}

/** An async generator runs in the context of whoever pulls it: each step, and its end, is put into `ctx`. */
function pulledIn(ctx: Context, iterable: AsyncIterable<object>): AsyncIterable<object> {
  const inner = iterable[Symbol.asyncIterator]();
  const step = () => inner.next();
  const bound: AsyncIterator<object> = { next: () => runIn(ctx, step, undefined) };
  const end = inner.return?.bind(inner);
  if (end !== undefined) bound.return = () => runIn(ctx, end, undefined);
  return { [Symbol.asyncIterator]: () => bound };
}

/** A reply goes out in its message's context, unless `send()` named another or it is the call's own anyway. */
function inContext(ctx: Context, reply: object, context: HandlerContext): object {
  if (ctx === contextOf(context) || isTagged(reply)) return reply;
  const schema: DescMessage = context.method.output;
  return send(ctx, schema, reply as MessageInitShape<DescMessage>);
}

function isAsyncIterable(value: object): value is AsyncIterable<object> {
  return Symbol.asyncIterator in value;
}

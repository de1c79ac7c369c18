import { Code, ConnectError } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { type Call, ownerOf } from "../call/call.js";
import { activeContext } from "../call/implicit.js";
import { onAbort } from "../call/signal.js";
import { type ContextLike, contextOf, isHandlerContext } from "./context-of.js";

/**
 * Reads a stream as pairs of a message and its context: in a handler,
 * `for await (const [ctx, msg] of receive(requests, context))`; on a client,
 * `for await (const [ctx, msg] of receive(client.chat(requests)))`.
 *
 * - In a handler, a read rejects with the reason of the handler's signal once that has aborted: at the server's
 *   shutdown, at a deadline, at a cancel that is noticed. In a plain `for await` a read that waits goes on waiting.
 * - On a client, leaving the loop early cancels the call, which plain Connect does not do.
 *
 * It never reads ahead. Like the streams that it reads, it can be iterated once.
 *
 * @param messages - a handler's requests, or what a client's streaming method returned
 * @param context - in a handler its `context`; on a client, the context for messages that carry none of their own
 *   (the outgoing call's when left out)
 */
export function receive<T extends object>(
  messages: AsyncIterable<T>,
  context?: ContextLike,
): AsyncIterableIterator<[ctx: Context, message: T]> {
  return new Receiver(messages, context);
}

type Pair<T> = [ctx: Context, message: T];

class Receiver<T extends object> implements AsyncIterableIterator<Pair<T>> {
  private readonly inner: AsyncIterator<T>;
  private readonly base: Context | undefined;
  /** The call that the stream belongs to: a handler's from the start, a client's from its first message on. */
  private call: Call | undefined;
  private readonly signal: AbortSignal | undefined;
  private rejectWaiting: ((reason: unknown) => void) | undefined;
  private ended = false;

  constructor(messages: AsyncIterable<T>, context: ContextLike | undefined) {
    this.inner = messages[Symbol.asyncIterator]();
    this.base = context === undefined ? undefined : contextOf(context);
    this.call = ownerOf.get(messages);
    this.signal = context !== undefined && isHandlerContext(context) ? context.signal : this.call?.signal;
    if (this.signal !== undefined) onAbort(this.signal, () => this.rejectWaiting?.(this.signal?.reason));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Pair<T>>> {
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    const { signal } = this;
    if (signal === undefined) return this.inner.next().then(this.onResult, this.onError);
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      this.rejectWaiting = reject;
      this.inner.next().then((result) => resolve(this.onResult(result)), reject);
    });
  }

  /** The loop was left early: a handler closes its requests; a client, which wants no more, cancels its call. */
  return(): Promise<IteratorResult<Pair<T>>> {
    if (!this.ended) {
      this.ended = true;
      if (this.inner.return !== undefined) this.inner.return().catch(ignore);
      else this.leave();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  private readonly onResult = (result: IteratorResult<T>): IteratorResult<Pair<T>> => {
    if (result.done === true) {
      this.ended = true;
      return result;
    }
    this.call ??= ownerOf.get(result.value);
    return { done: false, value: [this.contextOfMessage(result.value), result.value] };
  };

  private readonly onError = (error: unknown): never => {
    this.ended = true;
    throw error;
  };

  private contextOfMessage(message: T): Context {
    return this.call?.messageContext(message) ?? this.base ?? this.call?.ctx ?? activeContext();
  }

  /**
   * Connect's client streams have no `return()`. The call is cancelled through the interceptor, and pulled
   * once more, so that Connect notices and lets go of its signal and its deadline timer.
   */
  private leave(): void {
    if (this.call === undefined) {
      // Left before the first message, which alone can tell the call.
      this.inner.next().then((result) => {
        if (result.done === true) return;
        this.call = ownerOf.get(result.value);
        this.leave();
      }, ignore);
      return;
    }
    this.call.cancel?.(new ConnectError("the client left the stream", Code.Canceled));
    this.inner.next().catch(ignore);
  }
}

function ignore(): void {}

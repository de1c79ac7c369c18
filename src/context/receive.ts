import { Code, ConnectError } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { type Call, ownerOf } from "../call/call.js";
import { givenContext } from "../call/given-context.js";
import { activeContext } from "../call/implicit.js";
import { type ContextLike, contextOf, isHandlerContext } from "./context-of.js";

/**
 * Reads a stream as pairs of a message and its context: in a handler,
 * `for await (const [ctx, msg] of receive(requests, context))`; on a client,
 * `for await (const [ctx, msg] of receive(client.chat(requests)))`.
 *
 * - In a handler, a read rejects with the reason of the handler's signal once that has aborted: at the server's
 *   shutdown, at a deadline, at a cancel that is noticed. In a plain `for await` a read that waits goes on waiting.
 *   Not noticed is a client that closes its requests as it gives up, as Connect's own for Node does, at its deadline too.
 * - On a client, leaving the loop early cancels the call, which plain Connect does from version 2.3 on. It needs the
 *   client's interceptor, and a first message to know the call by: until that has come, the call goes on.
 * - With a handler's `context`, a client's stream is given up when the handler's signal aborts, and its call is cancelled,
 *   under the same condition.
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
  /** The reads that wait, in order: a stream answers them in order. */
  private waiting: ((reason: unknown) => void)[] = [];
  private begun = false;
  private listening = false;
  private left = false;
  private ended = false;

  constructor(messages: AsyncIterable<T>, context: ContextLike | undefined) {
    this.inner = messages[Symbol.asyncIterator]();
    this.base = context === undefined ? undefined : contextOf(context);
    this.call = ownerOf.get(messages);
    this.signal = context !== undefined && isHandlerContext(context) ? context.signal : this.call?.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Pair<T>>> {
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    const { signal } = this;
    if (signal === undefined) return this.inner.next().then(this.onResult, this.onError);
    if (signal.aborted) {
      this.onAbort();
      return Promise.reject(signal.reason);
    }
    this.listen(signal);
    return new Promise((resolve, reject) => {
      this.waiting.push(reject);
      this.inner.next().then(
        (result) => {
          this.waiting.shift();
          resolve(this.onResult(result));
        },
        (error) => {
          this.waiting.shift();
          this.end();
          reject(error);
        },
      );
    });
  }

  /** The loop was left early: a handler closes its requests; a client, which wants no more, cancels its call. */
  return(value?: unknown): Promise<IteratorResult<Pair<T>>> {
    this.close();
    return Promise.resolve({ done: true, value });
  }

  /** As {@link return}: a generator that delegates to this one passes on what is thrown into it. */
  throw(error?: unknown): Promise<IteratorResult<Pair<T>>> {
    this.close();
    return Promise.reject(error);
  }

  private readonly onResult = (result: IteratorResult<T>): IteratorResult<Pair<T>> => {
    if (result.done === true) {
      this.end();
      return result;
    }
    if (!this.begun) this.begin(result.value);
    return { done: false, value: [this.contextOfMessage(result.value), result.value] };
  };

  private readonly onError = (error: unknown): never => {
    this.end();
    throw error;
  };

  /** Wakes the reads that wait. A client's stream is left: nobody will read it any more. */
  private readonly onAbort = (): void => {
    for (const reject of this.waiting) reject(this.signal?.reason);
    this.waiting = [];
    if (this.call?.side !== "server") this.leave();
  };

  private contextOfMessage(message: T): Context {
    return (
      this.call?.messageContext(message) ??
      givenContext(message) ??
      this.base ??
      this.call?.ctx ??
      activeContext()
    );
  }

  /** On a client the first message tells the call. */
  private begin(first: T): void {
    this.begun = true;
    this.call ??= ownerOf.get(first);
    if (this.left) this.cancel();
  }

  /** A signal may outlive the stream by far: the listener is there only while somebody reads. */
  private listen(signal: AbortSignal): void {
    if (this.listening) return;
    this.listening = true;
    signal.addEventListener("abort", this.onAbort);
  }

  private close(): void {
    if (this.ended) return;
    this.end();
    this.leave();
  }

  private end(): void {
    this.ended = true;
    if (this.listening) this.signal?.removeEventListener("abort", this.onAbort);
  }

  /**
   * Closes a handler's requests, and cancels a client's call. Before a client's first message its call is not known:
   * the stream is read once more then, as Connect 2.1's streams have no `return`, and that of Connect 2.3's streams
   * does not cancel a call whose stream was never read.
   */
  private leave(): void {
    if (this.left) return;
    this.left = true;
    if (this.call?.side === "server") this.inner.return?.().catch(ignore);
    else if (this.begun || this.call !== undefined) this.cancel();
    else this.inner.next().then(this.onResult).catch(ignore);
  }

  /**
   * Cancels the call through the interceptor. The stream is then closed, or, where it has no `return`, read once more, so
   * that Connect notices and lets go of its signal and its deadline timer. Without the interceptor a stream that has no
   * `return` is left as a plain loop leaves it.
   */
  private cancel(): void {
    this.call?.cancel?.(new ConnectError("the client left the stream", Code.Canceled));
    if (this.inner.return !== undefined) this.inner.return().catch(ignore);
    else if (this.call?.cancel !== undefined) this.inner.next().catch(ignore);
  }
}

function ignore(): void {}

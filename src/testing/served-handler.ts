import type { DescMethod } from "@bufbuild/protobuf";
import type { Interceptor, MethodImpl } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { giveContext } from "../call/give-context.js";
import { type StreamHooks, wrapStream } from "../call/stream.js";
import { Settled } from "./settled.js";

/** A handler whose end can be waited for. */
export class WatchedHandler {
  private readonly done = new Settled<void>();
  /** It was called and its end is still to be seen: of a stream, once it was pulled, if `return` can end it. */
  private isUnderWay = false;

  constructor(private readonly handler: (request: never, context: never) => unknown) {}

  /** Resolves when the handler is done, or at the end of its call if it had not begun or cannot be told to end. */
  get handled(): Promise<void> {
    return this.done.promise;
  }

  /** The handler as Connect is to call it. */
  impl<M extends DescMethod>(): MethodImpl<M> {
    const impl = (request: never, context: never) => this.watch(() => this.handler(request, context));
    return impl as unknown as MethodImpl<M>;
  }

  /** The call is over: nobody asks anything more of a handler that has not begun, or of a stream without `return`. */
  callEnded(): void {
    if (!this.isUnderWay) this.done.resolve();
  }

  private watch(call: () => unknown): unknown {
    const done = () => this.done.resolve();
    try {
      const result = call();
      if (isAsyncIterable(result)) return this.watchStream(result, done);
      this.isUnderWay = true;
      // The one that Connect waits for: a lazy thenable would run again for each who asks.
      const answer = Promise.resolve(result);
      void answer.then(done, done);
      return answer;
    } catch (error) {
      done();
      throw error;
    }
  }

  private watchStream(stream: AsyncIterable<unknown>, done: () => void): AsyncIterable<unknown> {
    const watched = wrapStream(stream, {
      ...untouched,
      onPull: () => {
        this.isUnderWay = watched.return !== undefined;
      },
      onDone: done,
      onError: done,
    });
    return watched;
  }
}

/**
 * What stands before a server's interceptors in place of a network: the n-th message has the context that was given for
 * it, which no transport could carry, and when the client has gone the response is closed, as a server closes it.
 *
 * @param contexts - those of messages that were sent with one
 * @param ended - resolves when the call has ended for the client
 */
export function inPlaceOfNetwork(
  contexts: readonly (Context | undefined)[],
  ended: Promise<unknown>,
): Interceptor {
  return (next) => async (request) => {
    let received = 0;
    const give = <T extends object>(message: T): T => {
      const ctx = contexts[received++];
      if (ctx !== undefined) giveContext(message, ctx);
      return message;
    };
    if (!request.stream) {
      give(request.message);
      return next(request);
    }
    const response = await next({
      ...request,
      message: wrapStream(request.message, { ...untouched, onMessage: give }),
    });
    if (!response.stream) return response;
    const answers = response.message[Symbol.asyncIterator]();
    void ended
      .then(nextTurn)
      .then(() => answers.return?.())
      .catch(() => {});
    return { ...response, message: { [Symbol.asyncIterator]: () => answers } };
  };
}

/** A server hears that a client has gone by its signal first, and from the response later. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const untouched: StreamHooks<never> & StreamHooks<unknown> = {
  run: (pull) => pull(),
  onMessage: (message: never) => message,
  onDone: () => {},
  onError: () => {},
};

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

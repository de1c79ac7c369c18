/**
 * What to do at the points of an iteration. The wrapped iterator's own results and errors pass through
 * in the same tick, untouched but for what `onMessage` replaces; hooks must not throw.
 */
export interface StreamHooks<T> {
  /** Pulls the next result from `pull`, so that a context can be put around it. */
  readonly run: <R>(pull: () => R) => R;
  /** The consumer asks for the next message: whatever was handed over before has been dealt with. */
  onPull?(): void;
  /** A message is there. What it returns is handed on. */
  onMessage(message: T): T;
  onDone(): void;
  onError(error: unknown): void;
  /** The consumer gives up by `return()`; called before the wrapped iterator hears of it. */
  onReturn?(): void;
  /** The consumer breaks the stream by `throw()`; called before the wrapped iterator hears of it. */
  onThrow?(error: unknown): void;
}

/**
 * Wraps a stream by hand, without a generator: it forwards `next`, `return` and `throw` one to one, never
 * pulls on its own, and so leaves backpressure, concurrency and errors as they were. `return` and `throw`
 * are there only where the wrapped iterator has them, since callers look.
 */
export function wrapStream<T>(stream: AsyncIterable<T>, hooks: StreamHooks<T>): AsyncIterableIterator<T> {
  const inner = stream[Symbol.asyncIterator]();

  const onResult = (result: IteratorResult<T>): IteratorResult<T> => {
    if (result.done === true) {
      hooks.onDone();
      return result;
    }
    const message = hooks.onMessage(result.value);
    return message === result.value ? result : { done: false, value: message };
  };
  const onError = (error: unknown): never => {
    hooks.onError(error);
    throw error;
  };
  const pull = () => inner.next();

  const wrapped: AsyncIterableIterator<T> = {
    next() {
      hooks.onPull?.();
      return hooks.run(pull).then(onResult, onError);
    },
    [Symbol.asyncIterator]: () => wrapped,
  };
  if (inner.return !== undefined) {
    wrapped.return = (value) => {
      hooks.onReturn?.();
      return hooks.run(() => inner.return?.(value) ?? Promise.reject(value)).then(onResult, onError);
    };
  }
  if (inner.throw !== undefined) {
    wrapped.throw = (error) => {
      hooks.onThrow?.(error);
      return hooks.run(() => inner.throw?.(error) ?? Promise.reject(error)).then(onResult, onError);
    };
  }
  return wrapped;
}

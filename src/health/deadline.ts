/**
 * Gives work a deadline, which holds whether the work listens to its signal or not.
 *
 * @param timeoutMs - how long it may take, in milliseconds
 * @param work - is given the signal that aborts when its time is up
 * @param outer - ends it earlier
 * @throws what the work throws, `no answer within 5000 ms`, or the outer signal's reason
 */
export async function within<T>(
  timeoutMs: number,
  work: (signal: AbortSignal) => T | Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const giveUp = (): void => controller.abort(new Error(`no answer within ${timeoutMs} ms`));
  const timer = setTimeout(giveUp, timeoutMs);
  const follow = (): void => controller.abort(outer?.reason);
  outer?.addEventListener("abort", follow);
  try {
    outer?.throwIfAborted();
    return await orAborted(Promise.resolve(work(signal)), signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", follow);
  }
}

/**
 * Waits for a promise until the signal aborts, and leaves no listener behind.
 *
 * @throws what the promise rejects with, or the signal's reason
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(settled);
  });
}

/**
 * Waits for something in a call, and no longer than the call lives.
 *
 * @param signal - that of the call: when it aborts first, this rejects with its reason
 */
export function whileItLives<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

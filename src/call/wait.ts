/** How {@link wait} waits. */
export interface WaitOptions {
  /** Ends the waiting: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Whether the process lives on for it. Default true. */
  readonly ref?: boolean;
}

/**
 * Waits, on the global timers: a clock of a test moves those, and not the ones of `node:timers/promises`.
 *
 * @param ms - how long, in milliseconds
 */
export function wait(ms: number, { signal, ref = true }: WaitOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    }, ms);
    if (!ref) timer.unref();
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
  });
}

import type { Watchers } from "./watchers.js";

/** What a watcher reads while nothing is known yet: it is never told. */
export const notYet: unique symbol = Symbol("not yet");

/** What one watcher watches, and how it finds out. */
export interface WatchOptions<T> {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly watchers: Watchers<T | typeof notYet>;
  readonly read: (key: string) => T | typeof notYet;
  /** Is called each time before the watcher goes to sleep. */
  readonly onWait: (key: string) => void;
  /** Is called when the watcher will not sleep any more. */
  readonly onLeave: () => void;
}

/** The values of one key: the present one, then each that is another. It holds on to nothing but while `next()` waits. */
export class Watch<T> implements AsyncIterableIterator<T> {
  private last: T | typeof notYet = notYet;
  private returned = false;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly options: WatchOptions<T>) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @throws the signal's reason */
  async next(): Promise<IteratorResult<T, undefined>> {
    const { key, signal, read, onLeave } = this.options;
    while (!this.returned && !signal.aborted) {
      const value = read(key);
      if (value !== notYet && value !== this.last) {
        this.last = value;
        return { done: false, value };
      }
      await this.change();
    }
    onLeave();
    if (!this.returned) throw signal.reason;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.returned = true;
    for (const wake of this.waiting) wake();
    this.options.onLeave();
    return { done: true, value: undefined };
  }

  /** Resolves when the value may be another, and when there is nothing to wait for any more. */
  private change(): Promise<void> {
    const { key, signal, watchers, onWait } = this.options;
    onWait(key);
    return new Promise((resolve) => {
      const wake = (): void => {
        stopWaiting();
        signal.removeEventListener("abort", wake);
        this.waiting.delete(wake);
        resolve();
      };
      const stopWaiting = watchers.wait(key, wake);
      signal.addEventListener("abort", wake);
      this.waiting.add(wake);
    });
  }
}

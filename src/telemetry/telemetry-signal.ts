import type { Delivery } from "./delivery.js";

/** Spans or metrics on their way out. Neither method rejects. */
export interface Signal {
  readonly delivery: Delivery;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Does something with each of several, at the same time, to the end of all. It never rejects. */
export async function settle<T>(
  list: readonly T[],
  work: (item: T) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  await Promise.all(
    list.map(async (item) => {
      try {
        await work(item);
      } catch (error) {
        onError(error);
      }
    }),
  );
}

/** Waits for work that never rejects, but no longer than that. Whether it was done in time. */
export async function inTime(timeoutMs: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  try {
    return await Promise.race([work.then(() => true), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

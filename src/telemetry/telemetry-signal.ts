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

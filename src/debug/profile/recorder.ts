/** Records what a profile shows. What it has started runs from its creation. */
export interface Recorder {
  /** Ends the recording, and keeps what was recorded. */
  stop(): void | Promise<void>;
  /**
   * Makes the file of what was recorded. May be called once, after {@link stop}.
   *
   * @param breathe - to be awaited every few milliseconds of work; it throws when nobody wants the file any more
   * @returns its pieces, of any size
   */
  file(breathe: Breathe): AsyncIterable<string | Uint8Array>;
  /** Stops what still runs, and forgets what was recorded. More than once does no harm. */
  close(): void;
}

/** Lets the event loop go round. */
export type Breathe = () => Promise<void>;

/** Calls `each` for all items, and lets the event loop go round in between. */
export async function inSlices<T>(
  items: readonly T[],
  size: number,
  breathe: Breathe,
  each: (item: T, index: number) => void,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    const slice = items.slice(start, start + size);
    slice.forEach((item, i) => {
      each(item, start + i);
    });
    await breathe();
  }
}

/** Writes an array as JSON, piece by piece. */
export async function* jsonArray(
  items: readonly unknown[],
  size: number,
  breathe: Breathe,
): AsyncGenerator<string> {
  yield "[";
  for (let start = 0; start < items.length; start += size) {
    const slice = JSON.stringify(items.slice(start, start + size));
    yield (start === 0 ? "" : ",") + slice.slice(1, -1);
    await breathe();
  }
  yield "]";
}

/** A promise that is settled from outside: what one side of a test does when the other has got so far. */
export interface Gate<T = void> {
  readonly opened: Promise<T>;
  open(value: T): void;
}

/** Makes a closed gate. */
export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open: (value) => open(value) };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { opened, open } = gate();
  if (signal.aborted) open();
  else signal.addEventListener("abort", () => open(), { once: true });
  return opened;
}

// A test that holds the time waits in real time nevertheless.
const startTimer = setTimeout;
const stopTimer = clearTimeout;

/** What tests wait for: something that comes to be by and by, told by whoever adds to it. */
export class Awaited {
  private readonly looks = new Set<() => void>();

  /** Something has come: everybody who waits looks again. */
  changed(): void {
    for (const look of [...this.looks]) look();
  }

  /**
   * Waits until there is what `find` looks for.
   *
   * @param timeoutMs - how long, in milliseconds of real time
   * @param complaint - what the error says that it rejects with afterwards
   */
  until<T>(find: () => T | undefined, timeoutMs: number, complaint: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        stopTimer(timer);
        this.looks.delete(look);
      };
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const timer = startTimer(() => {
        stop();
        reject(new Error(complaint()));
      }, timeoutMs);
      this.looks.add(look);
      look();
    });
  }
}

/** How long tests wait for what is to come. */
export interface WaitingOptions {
  /** In milliseconds of real time, also while a {@link fakeClock} is there. Default 2000. */
  readonly timeoutMs?: number;
}

/** How long is waited where a test does not say. */
export const defaultTimeoutMs = 2000;

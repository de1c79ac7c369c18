import { checkMs } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { real } from "./real-time.js";

/** What tests wait for: something that comes to be by and by, told by whoever adds to it. */
export class Awaited {
  private readonly looks = new Set<() => void>();

  /** Something has come: everybody who waits looks again. */
  changed(): void {
    for (const look of [...this.looks]) look();
  }

  /**
   * Waits until there is what `find` looks for. When that throws, or `complaint`, it rejects with what they throw: whoever adds
   * something hears nothing of it.
   *
   * @param timeoutMs - how long, in milliseconds of real time
   * @param complaint - what the error says that it rejects with afterwards
   */
  until<T>(find: () => T | undefined, timeoutMs: number, complaint: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        real.clearTimeout(timer);
        this.looks.delete(look);
      };
      const guard = (act: () => void) => (): void => {
        try {
          act();
        } catch (error) {
          stop();
          reject(error);
        }
      };
      const look = guard(() => {
        const found = find();
        if (found === undefined) return;
        stop();
        resolve(found);
      });
      const giveUp = guard(() => {
        throw new Error(complaint());
      });
      const timer = real.setTimeout(giveUp, timeoutMs);
      this.looks.add(look);
      look();
    });
  }
}

/**
 * How long to wait, in milliseconds.
 *
 * @param what - names what is waited for, in errors
 * @throws TypeError for bad options
 */
export function waitingMs(what: string, options: WaitingOptions = {}): number {
  checkKnown(what, options, ["timeoutMs"]);
  checkMs(`${what}: timeoutMs`, options.timeoutMs);
  return options.timeoutMs ?? 2000;
}

/** How long tests wait for what is to come. */
export interface WaitingOptions {
  /** In milliseconds of real time, also while a fake clock holds the time. Default 2000. */
  readonly timeoutMs?: number;
}

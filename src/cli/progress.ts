import { SingleBar } from "cli-progress";
import { formatSize } from "./size.js";

/** Shows on standard error how far a profile is, when that is a terminal. */
export class Progress {
  readonly #bar = new SingleBar({
    clearOnComplete: true,
    format: "{what} {bar} {text}",
    hideCursor: true,
    stream: process.stderr,
  });

  /** @param what - what is taken */
  constructor(what: string) {
    this.#bar.start(1, 0, { what, text: "" });
  }

  /**
   * The profile is being taken.
   *
   * @param elapsedMs - for so long
   * @param totalMs - how long it takes, where that is known
   */
  taking(elapsedMs: number, totalMs: number | undefined): void {
    const seconds = (ms: number): string => `${Math.round(ms / 1000)}s`;
    const total = totalMs === undefined ? "" : ` of ${seconds(totalMs)}`;
    this.#bar.update(totalMs === undefined ? 0 : Math.min(elapsedMs / totalMs, 1), {
      text: `${seconds(elapsedMs)}${total}`,
    });
  }

  /** It comes in. */
  receiving(bytes: number): void {
    this.#bar.update(1, { text: formatSize(bytes) });
  }

  /** Takes the bar off the terminal. */
  end(): void {
    this.#bar.stop();
  }
}

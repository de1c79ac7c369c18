import { once } from "node:events";
import { styleText } from "node:util";
import { safeText } from "../call/logfmt.js";

/** Colours and the like, as Node names them. */
export type Style = Parameters<typeof styleText>[0];

/** What the program writes: answers to standard output, remarks to standard error. */
export class Screen {
  readonly #signal: AbortSignal;
  readonly #hasColors: boolean;

  /** @param signal - aborts when nobody waits for what is written any more */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    // It knows NO_COLOR and TERM, too.
    this.#hasColors = process.stdout.isTTY === true && process.stdout.hasColors();
  }

  /** Writes a text, and waits while the reader does not keep up. What came from elsewhere in it is to be safe. */
  async write(text: string): Promise<void> {
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, "drain", { signal: this.#signal });
  }

  /** Writes a value as JSON in one line. */
  async json(value: unknown): Promise<void> {
    await this.write(safeText(JSON.stringify(value)));
  }

  /** Tells the person something that is no part of the answer. */
  note(text: string): void {
    process.stderr.write(`connect-clue: ${text}\n`);
  }

  /** A text in colour, on a terminal that shows colours. */
  styled(style: Style, text: string): string {
    return this.#hasColors ? styleText(style, text, { validateStream: false }) : text;
  }
}

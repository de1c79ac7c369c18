import { shared } from "../call/shared.js";
import type { Line } from "./line.js";
import type { LogEntry } from "./types.js";

/** Takes what is logged, in the middle of what logs it. */
export interface LineWatch {
  /** Whether it wants to see the lines that calls hold back, too. */
  readonly wantsHeld: boolean;
  /** Lines have been written. */
  written(lines: readonly Line[], entries: readonly LogEntry[]): void;
  /** A call holds a line back. */
  held(line: Line): void;
}

/** Who watches what is logged; undefined while nobody does, which is all that a line asks. */
export const lineWatch: { watch: LineWatch | undefined } = shared("line watch", () => ({ watch: undefined }));

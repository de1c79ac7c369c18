import { shared } from "../call/shared.js";
import type { Line } from "./line.js";

/**
 * All buffered lines of the process in the order in which they were logged, and what they hold in memory.
 * Over the budget the oldest go first, whichever call they belong to.
 */
class LineLedger {
  /** What all buffered lines of the process hold, in bytes. */
  bytes = 0;
  /** How many buffered lines there are. */
  count = 0;
  /** How many bytes they may hold. */
  limit = 64 * 1024 * 1024;
  private limitWasSet = false;
  private oldest: Line | undefined;
  private newest: Line | undefined;

  /** Sets the budget. Where several loggers name one, the smallest holds. */
  setLimit(bytes: number): void {
    this.limit = this.limitWasSet ? Math.min(this.limit, bytes) : bytes;
    this.limitWasSet = true;
  }

  add(line: Line): void {
    line.older = this.newest;
    if (this.newest === undefined) this.oldest = line;
    else this.newest.newer = line;
    this.newest = line;
    this.bytes += line.size;
    this.count++;
    // The oldest line of the process is the oldest of its buffer, too.
    while (this.bytes > this.limit && this.oldest !== undefined) this.oldest.buffer?.dropOldest();
  }

  remove(line: Line): void {
    const { older, newer } = line;
    if (older === undefined && this.oldest !== line) return;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    line.older = undefined;
    line.newer = undefined;
    this.bytes -= line.size;
    this.count--;
  }
}

/** The process's one ledger. */
export const lineLedger: LineLedger = shared("line ledger", () => new LineLedger());

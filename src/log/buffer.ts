import { lineLedger } from "./ledger.js";
import type { Line } from "./line.js";

/** How much one call may hold back. */
export interface BufferLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/**
 * The lines that a call holds back, oldest first. When it is full, or the whole process is, the oldest go
 * and are counted. The lines link to each other: nothing is allocated for a call that logs nothing.
 */
export class LineBuffer {
  count = 0;
  /** Lines given up since the last flush. */
  dropped = 0;
  private first: Line | undefined = undefined;
  private last: Line | undefined = undefined;
  private bytes = 0;

  constructor(private readonly limits: BufferLimits) {}

  push(line: Line): void {
    if (this.last === undefined) this.first = line;
    else this.last.next = line;
    this.last = line;
    this.count++;
    this.bytes += line.size;
    line.buffer = this;
    while (this.count > this.limits.maxEntries || this.bytes > this.limits.maxBytes) this.dropOldest();
    if (this.last === line) lineLedger.add(line);
  }

  /** Gives up the oldest line. */
  dropOldest(): void {
    const line = this.first;
    if (line === undefined) return;
    this.first = line.next;
    if (this.first === undefined) this.last = undefined;
    this.count--;
    this.bytes -= line.size;
    this.dropped++;
    lineLedger.remove(line);
  }

  /** All lines. */
  lines(): Line[] {
    const lines: Line[] = [];
    for (let line = this.first; line !== undefined; line = line.next) lines.push(line);
    return lines;
  }

  /** Hands over all lines and is empty afterwards. */
  take(): Line[] {
    const lines = this.lines();
    this.clear();
    return lines;
  }

  /** Forgets all lines. */
  clear(): void {
    for (let line = this.first; line !== undefined; line = line.next) lineLedger.remove(line);
    this.first = undefined;
    this.last = undefined;
    this.count = 0;
    this.bytes = 0;
    this.dropped = 0;
  }
}

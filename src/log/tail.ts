import { shared } from "../call/shared.js";
import type { CallInfo } from "../call/types.js";
import type { Line } from "./line.js";
import type { LogEntry, Severity } from "./types.js";
import { type LineWatch, lineWatch } from "./watched-lines.js";

/** One who watches what is logged. */
export interface LogViewer {
  /** Whether it wants to see the lines that calls hold back, too. */
  readonly wantsHeld: boolean;
  /**
   * Takes a line, in the middle of what logs it: it must be quick, log nothing and not throw.
   *
   * @param line - the line; it tells of the same one twice when it was held back first and written then
   */
  see(line: SeenLine): void;
}

/** A line as viewers see it. It is formatted only when one of them asks for more than who logged it. */
export class SeenLine {
  private made: LogEntry | undefined;

  constructor(
    /** What the line is known by. */
    readonly line: Line,
    /** Whether its call holds it back. */
    readonly isHeld: boolean,
    entry: LogEntry | undefined,
  ) {
    this.made = entry;
  }

  get severity(): Severity {
    return this.line.severity;
  }
  get call(): CallInfo | undefined {
    return this.line.logger.log?.call;
  }
  /** Roughly what it holds in memory, in bytes. */
  get size(): number {
    return this.line.size;
  }
  get entry(): LogEntry {
    this.made ??= this.line.logger.core.entry(this.line);
    return this.made;
  }
}

/** Hands what is logged to those who watch, if there are any. */
class LogTail implements LineWatch {
  wantsHeld = false;
  private readonly viewers = new Set<LogViewer>();

  add(viewer: LogViewer): void {
    this.viewers.add(viewer);
    this.look();
  }

  delete(viewer: LogViewer): void {
    this.viewers.delete(viewer);
    this.look();
  }

  written(lines: readonly Line[], entries: readonly LogEntry[]): void {
    for (const [i, line] of lines.entries()) this.show(new SeenLine(line, false, entries[i]));
  }

  held(line: Line): void {
    this.show(new SeenLine(line, true, undefined));
  }

  private show(seen: SeenLine): void {
    for (const viewer of this.viewers) {
      if (!seen.isHeld || viewer.wantsHeld) viewer.see(seen);
    }
  }

  /** Asked with every line: that must be cheaper than a look into the set. */
  private look(): void {
    lineWatch.watch = this.viewers.size > 0 ? this : undefined;
    this.wantsHeld = [...this.viewers].some(({ wantsHeld }) => wantsHeld);
  }
}

/** The process's one tail. */
export const logTail: LogTail = shared("log tail", () => new LogTail());

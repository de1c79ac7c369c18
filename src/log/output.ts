import { ignorePromise, reportFault } from "../call/fault.js";
import { formatText } from "./format-text.js";
import type { EntrySink, LogEntry, LogFormat, Sink } from "./types.js";

/** A sink, and the format that its lines have where it takes text. */
export interface OutputOptions {
  readonly sink: Sink | EntrySink;
  readonly format: LogFormat;
}

/** Where lines go, and as what. It never throws, whatever its sink and its format do. */
export class Output {
  readonly sink: Sink | EntrySink;
  /** Lines that the sink was not given, or failed to take. */
  lost = 0;
  private readonly format: LogFormat;

  constructor({ sink, format }: OutputOptions) {
    this.sink = sink;
    this.format = format;
  }

  /** Writes the lines in one piece, so that those of one call stand together. */
  write(entries: readonly LogEntry[]): void {
    if (isOverfull(this.sink)) {
      this.lost += entries.length;
      reportFault(
        this.sink,
        "a log sink that does not keep up",
        new Error("lines are dropped until it does"),
      );
      return;
    }
    try {
      ignorePromise(this.sink, "a log sink", this.hand(entries));
    } catch (error) {
      this.lost += entries.length;
      reportFault(this.sink, "a log sink", error);
    }
  }

  /** Writes out what the sink holds back, before it returns. */
  flushSync(): void {
    try {
      this.sink.flushSync?.();
    } catch (error) {
      reportFault(this.sink, "a log sink's flush", error);
    }
  }

  private hand(entries: readonly LogEntry[]): unknown {
    if ("writeEntries" in this.sink) return this.sink.writeEntries(entries);
    let text = "";
    for (const entry of entries) text += `${this.formatted(entry)}\n`;
    return this.sink.write(text);
  }

  /** A format that fails must not cost the line. */
  private formatted(entry: LogEntry): string {
    try {
      return this.format(entry);
    } catch (error) {
      reportFault(this.format, "a log format", error);
      return formatText(entry);
    }
  }
}

/** Node's streams take all that they are given and hold it in memory when their reader does not read. */
function isOverfull(sink: (Sink | EntrySink) & { writableLength?: unknown }): boolean {
  return typeof sink.writableLength === "number" && sink.writableLength > maxHeldBytes;
}

const maxHeldBytes = 16 * 1024 * 1024;

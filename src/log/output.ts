import { openSink, stdoutIsTerminal, stdoutSink } from "#platform";
import { ignorePromise, reportFault } from "../call/fault.js";
import { formatJson } from "./format-json.js";
import { formatTerminal } from "./format-terminal.js";
import { formatText } from "./format-text.js";
import type { LogOutput, SinkOption } from "./options.js";
import type { EntrySink, LogEntry, LogFormat, Sink } from "./types.js";

/** Where lines go, and as what. It never throws, whatever its sink and its format do. */
export class Output {
  readonly sink: Sink | EntrySink;
  /** Lines that the sink was not given, or failed to take. */
  lost = 0;
  private readonly format: LogFormat;

  constructor(output: LogOutput) {
    this.sink = sinkOf(output.sink);
    this.format = formatOf(output);
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

function sinkOf(option: SinkOption | undefined): Sink | EntrySink {
  if (option === undefined) return stdoutSink();
  if (!("write" in option || "writeEntries" in option)) return openSink(option);
  surviveErrors(option);
  return option;
}

function formatOf({ format, sink }: LogOutput): LogFormat {
  if (typeof format === "function") return format;
  return formats[format ?? (isTerminal(sink) ? "terminal" : "text")];
}

/** Whether a person reads it as it is written: standard output or another stream that is a terminal. */
function isTerminal(sink: SinkOption | undefined): boolean {
  if (sink === undefined || ("fd" in sink && sink.fd === 1)) return stdoutIsTerminal();
  return "isTTY" in sink && sink.isTTY === true;
}

const formats = { text: formatText, terminal: formatTerminal, json: formatJson };

/** A stream tells of a broken pipe by an `error` event, which ends the process when nobody listens. */
function surviveErrors(sink: (Sink | EntrySink) & { on?: unknown }): void {
  if (typeof sink.on !== "function" || listening.has(sink)) return;
  listening.add(sink);
  sink.on("error", (error: unknown) => reportFault(sink, "a log sink", error));
}

const listening = new WeakSet<object>();

/** Node's streams take all that they are given and hold it in memory when their reader does not read. */
function isOverfull(sink: (Sink | EntrySink) & { writableLength?: unknown }): boolean {
  return typeof sink.writableLength === "number" && sink.writableLength > maxHeldBytes;
}

const maxHeldBytes = 16 * 1024 * 1024;

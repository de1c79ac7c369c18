import { openSink, stdoutIsTerminal, stdoutSink } from "#platform";
import { reportFault } from "../call/fault.js";
import { checkKnown, describe } from "../call/options.js";
import { formatJson } from "./format-json.js";
import { formatTerminal } from "./format-terminal.js";
import { formatText } from "./format-text.js";
import type { LoggerOptions, LogOutput, SinkOption } from "./options.js";
import type { OutputOptions } from "./output.js";
import type { EntrySink, LogFormat, Sink } from "./types.js";

/**
 * Where a logger's lines are to go, checked.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function outputsOf({ format, sink, outputs }: LoggerOptions): readonly LogOutput[] {
  if (outputs !== undefined && (format !== undefined || sink !== undefined)) {
    throw new TypeError("createLogger: outputs stands in place of format and sink; got both");
  }
  const list = outputs ?? [{ ...(format !== undefined && { format }), ...(sink !== undefined && { sink }) }];
  if (!Array.isArray(list) || list.length === 0) {
    throw new TypeError("createLogger: outputs: expected at least one { sink, format }");
  }
  for (const output of list) {
    checkKnown("createLogger: outputs", output, ["sink", "format"]);
    checkFormat(output.format);
    checkSink(output.sink);
    checkNeedsFormat(output);
  }
  return list;
}

/**
 * Opens an output's sink, and finds its format.
 *
 * @throws Error as Node does when a file can't be opened
 */
export function openOutput({ sink, format }: LogOutput): OutputOptions {
  return { sink: sinkOf(sink), format: formatOf(format, sink) };
}

function sinkOf(option: SinkOption | undefined): Sink | EntrySink {
  if (option === undefined) return stdoutSink();
  if (!("write" in option || "writeEntries" in option)) return openSink(option);
  surviveErrors(option);
  return option;
}

/** A stream tells of a broken pipe by an `error` event, which ends the process when nobody listens. */
function surviveErrors(sink: (Sink | EntrySink) & { on?: unknown }): void {
  if (typeof sink.on !== "function" || listening.has(sink)) return;
  listening.add(sink);
  sink.on("error", (error: unknown) => reportFault(sink, "a log sink", error));
}

const listening = new WeakSet<object>();

function formatOf(format: LogOutput["format"], sink: SinkOption | undefined): LogFormat {
  if (typeof format === "function") return format;
  return formats[format ?? (isTerminal(sink) ? "terminal" : "text")];
}

/** Whether a person reads it as it is written: standard output or another stream that is a terminal. */
function isTerminal(sink: SinkOption | undefined): boolean {
  if (sink === undefined || ("fd" in sink && sink.fd === 1)) return stdoutIsTerminal();
  return "isTTY" in sink && sink.isTTY === true;
}

const formats = { text: formatText, terminal: formatTerminal, json: formatJson };

function checkFormat(format: unknown): void {
  if (format === undefined || typeof format === "function") return;
  if (format === "text" || format === "terminal" || format === "json") return;
  throw new TypeError(
    `createLogger: format: expected "text", "terminal", "json" or a function, got ${describe(format)}`,
  );
}

function checkSink(sink: unknown): void {
  if (sink === undefined) return;
  if (typeof sink === "object" && sink !== null) {
    if ("write" in sink && typeof sink.write === "function") return;
    if ("writeEntries" in sink && typeof sink.writeEntries === "function") return;
    if ("fd" in sink && typeof sink.fd === "number" && Number.isInteger(sink.fd) && sink.fd >= 0) return;
    if ("path" in sink && typeof sink.path === "string" && sink.path !== "") return;
  }
  throw new TypeError(
    `createLogger: sink: expected an object with write(text) or writeEntries(entries), { fd: number } or { path: string }, got ${describe(sink)}`,
  );
}

function checkNeedsFormat({ sink, format }: LogOutput): void {
  if (format === undefined || sink === undefined || !("writeEntries" in sink)) return;
  throw new TypeError("createLogger: format: a sink with writeEntries(entries) takes none; got both");
}

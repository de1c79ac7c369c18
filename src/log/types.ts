import type { Context } from "@opentelemetry/api";
import type { LogKeys } from "./keys.js";
import type { Json } from "./value.js";

/** How much a line matters, from least to most. */
export type Severity = "debug" | "info" | "warn" | "error";

/**
 * A value as it was when it was logged: nothing in it can change afterwards, and its size is bounded.
 * `snapshot` makes one of anything.
 */
export type LogValue = string | number | boolean | bigint | null | Date | Json | readonly LogValue[];

/** One key and its value on a log line. */
export type Field = readonly [key: string, value: LogValue];

/** One log line before it is formatted. What takes an entry must not change it. */
export interface LogEntry {
  /** When it was logged, in milliseconds since the epoch. */
  readonly time: number;
  readonly severity: Severity;
  /** The context that it was logged in: its span is the one that the line names. */
  readonly ctx: Context;
  /** The final fields in the order of printing: message first, duplicates resolved, values bounded. */
  readonly fields: readonly Field[];
  /** The keys of the kit's own fields, and those under which a format prints what is no field: time and severity. */
  readonly keys: LogKeys;
}

/**
 * Turns an entry into one line of text, without the newline at its end.
 *
 * @param entry - what to print
 */
export type LogFormat = (entry: LogEntry) => string;

/** What callers pass to a logger: any keys, any values. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where lines go as text. Node's writable streams and SonicBoom have this shape. */
export interface Sink {
  /**
   * Takes one or more whole lines, each ended by a newline.
   *
   * @param text - the lines
   */
  write(text: string): unknown;
  /** Writes out what is still held back before it returns: for the end of the process. */
  flushSync?(): void;
}

/** Where lines go as they are, unformatted: for what is no text, such as OpenTelemetry's log records. */
export interface EntrySink {
  /**
   * Takes one or more entries, in the order in which they were logged.
   *
   * @param entries - the lines; those of one call come together
   */
  writeEntries(entries: readonly LogEntry[]): unknown;
  /** Writes out what is still held back before it returns: for the end of the process. */
  flushSync?(): void;
}

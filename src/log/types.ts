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

/** One log line before it is formatted. */
export interface LogEntry {
  /** When it was logged, in milliseconds since the epoch. */
  readonly time: number;
  readonly severity: Severity;
  /** The final fields in the order of printing: message first, duplicates resolved, values bounded. */
  readonly fields: readonly Field[];
  /** The keys under which a format prints what is no field. */
  readonly keys: {
    readonly time: string;
    readonly severity: string;
  };
}

/**
 * Turns an entry into one line of text, without the newline at its end.
 *
 * @param entry - what to print; a format must not keep or change it
 */
export type LogFormat = (entry: LogEntry) => string;

/** What callers pass to a logger: any keys, any values. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where lines go. Node's writable streams and SonicBoom have this shape. */
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

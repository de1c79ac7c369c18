import type { LineBuffer } from "./buffer.js";
import type { ErrorDetails } from "./error-fields.js";
import type { BoundLogger } from "./logger.js";
import type { LogValue, Severity } from "./types.js";

/**
 * Fields as they were when they were logged. An object of the caller's own shape is the cheapest copy there is;
 * a value that is undefined is left out when the line is written.
 */
export type FieldsCopy = Readonly<Record<string, LogValue | undefined>>;

/** A printf message: formatted only when its line is written. */
export class Printf {
  constructor(
    readonly format: string,
    readonly args: readonly LogValue[],
  ) {}
}

/** What few lines have. */
export interface LineDetails {
  readonly error: ErrorDetails | undefined;
  /** Where in the code it was logged. */
  readonly file: string | undefined;
}

/**
 * What is recorded of a line when it is logged; everything that a flush can do is left to the flush. It is a link
 * of its call's buffer, and of the list of all buffered lines of the process.
 */
export class Line {
  /** The buffer that holds it, and the next younger line there. */
  buffer: LineBuffer | undefined = undefined;
  next: Line | undefined = undefined;
  /** Neighbours in the process-wide list. */
  older: Line | undefined = undefined;
  newer: Line | undefined = undefined;
  /** Roughly what the line holds in memory, in bytes. */
  readonly size: number;

  constructor(
    /** Who logged it: tells its call, its context, and with that its trace as it was, and its lasting fields. */
    readonly logger: BoundLogger,
    /** When it was logged, in milliseconds since the epoch. */
    readonly time: number,
    readonly severity: Severity,
    readonly message: string | Printf | undefined,
    readonly fields: FieldsCopy | undefined,
    readonly details: LineDetails | undefined,
  ) {
    this.size = sizeOf(message, fields, details?.error);
  }
}

/** A cheap estimate: what a line takes by itself, and the text that hangs on it. */
function sizeOf(
  message: Line["message"],
  fields: FieldsCopy | undefined,
  error: ErrorDetails | undefined,
): number {
  let size = 200;
  if (typeof message === "string") size += message.length;
  else if (message !== undefined) size += message.format.length + valuesSize(message.args);
  if (fields !== undefined) size += fieldsSize(fields);
  if (error !== undefined) {
    size += error.message.length + (error.stack?.length ?? 0) + valuesSize(error.causes ?? []);
    if (error.annotation !== undefined) size += fieldsSize(error.annotation.fields);
  }
  return size;
}

function fieldsSize(fields: FieldsCopy): number {
  let size = 0;
  for (const key in fields) size += key.length + valueSize(fields[key]);
  return size;
}

function valuesSize(values: readonly LogValue[]): number {
  let size = 16;
  for (const value of values) size += valueSize(value);
  return size;
}

function valueSize(value: LogValue | undefined): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 16;
  if (Array.isArray(value)) return valuesSize(value);
  return "text" in value ? 48 + value.text.length : 48;
}

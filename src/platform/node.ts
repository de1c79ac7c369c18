import { AsyncLocalStorage } from "node:async_hooks";
import { createHash, timingSafeEqual } from "node:crypto";
import { format as nodeFormat } from "node:util";
import { shared } from "../call/shared.js";
import { formatTerminal } from "../log/format-terminal.js";
import type { LogFormat, Sink } from "../log/types.js";
import { openSink as openFileSink } from "./file-sink.js";
import { formatPlainly } from "./format-message.js";
import type { ContextStorage, FileSink, FileTarget } from "./types.js";

export { w3cShortCut } from "../trace/w3c-short-cut.js";
export { onCrash, onProcessExit } from "./process-hooks.js";
export type { ContextStorage, FileSink, FileTarget, Platform } from "./types.js";

/** Makes a storage that follows the control flow: an AsyncLocalStorage. */
export function createStorage<T>(): ContextStorage<T> | undefined {
  return new AsyncLocalStorage<T>();
}

/**
 * Formats a message as `console.log` does; never throws.
 *
 * @param format - text with the directives of `util.format`
 * @param args - the values; those without a place in `format` are appended
 */
export function formatMessage(format: string, args: readonly unknown[]): string {
  try {
    return nodeFormat(format, ...args);
  } catch {
    // One of the values throws when it is read: say which, and show the others.
    return formatPlainly(format, args);
  }
}

/** Whether standard output is a terminal, and the environment does not ask for no colours (no-color.org). */
export function stdoutIsTerminal(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}

/**
 * The sink of a descriptor or file: one for each in the process, and so one copy of the kit opens all of them.
 *
 * @param target - a descriptor that is open for writing, or the path of a file to append to
 * @throws Error as Node does when the file can't be opened
 */
export function openSink(target: FileTarget): FileSink {
  return sinks.open(target);
}

const sinks = shared("sinks", () => ({ open: openFileSink }));

/** The format for people, when standard output is a terminal. */
export function stdoutFormat(): LogFormat | undefined {
  return stdoutIsTerminal() ? formatTerminal : undefined;
}

/** The sink of standard output. */
export function stdoutSink(): Sink {
  return openSink({ fd: 1 });
}

/**
 * Compares two secrets in a time that does not depend on where they differ, nor on their lengths.
 *
 * @param given - what somebody claims it is
 * @param secret - what it is
 */
export function isSameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(digest(given), digest(secret));
}

/**
 * Ends the process.
 *
 * @param code - the exit code
 */
export function exitProcess(code: number): void {
  process.exit(code);
}

function digest(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

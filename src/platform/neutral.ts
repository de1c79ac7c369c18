import type { Context, TextMapPropagator } from "@opentelemetry/api";
import type { LogFormat, Sink } from "../log/types.js";
import type { W3cShortCut } from "../trace/w3c-short-cut.js";
import { formatPlainly } from "./format-message.js";
import type { ContextStorage, FileSink, FileTarget } from "./types.js";

export type { ContextStorage, FileSink, FileTarget, Platform } from "./types.js";

/** There is nothing here that follows the control flow. */
export function createStorage<T>(): ContextStorage<T> | undefined {
  return undefined;
}

/**
 * Formats a message as `console.log` does; never throws.
 *
 * @param format - text with `%s`, `%d`, `%i`, `%f`, `%j`, `%o`, `%O`, `%c` and `%%`
 * @param args - the values; those without a place in `format` are appended
 */
export function formatMessage(format: string, args: readonly unknown[]): string {
  return formatPlainly(format, args);
}

/**
 * A browser has few messages, and the propagator itself is asked about each.
 *
 * @param _propagator - is not used
 * @param _base - is not used
 */
export function w3cShortCut(_propagator: TextMapPropagator, _base: Context): W3cShortCut | undefined {
  return undefined;
}

/** There is no standard output here. */
export function stdoutIsTerminal(): boolean {
  return false;
}

/**
 * There are no files here.
 *
 * @param target - where to write
 * @throws TypeError always
 */
export function openSink(target: FileTarget): FileSink {
  const name = "fd" in target ? `descriptor ${target.fd}` : `file ${target.path}`;
  throw new TypeError(`This runtime can't write to ${name}: give the logger a sink of your own.`);
}

/** The console has plain text. */
export function stdoutFormat(): LogFormat | undefined {
  return undefined;
}

/** Writes each line to the console. */
export function stdoutSink(): Sink {
  return { write: writeToConsole };
}

/**
 * There is no process here: does nothing.
 *
 * @param _fn - is never called
 */
export function onProcessExit(_fn: () => void): void {}

/**
 * There is no process here: does nothing.
 *
 * @param _fn - is never called
 */
export function onCrash(_fn: (error: unknown) => void): boolean {
  return false;
}

/**
 * Compares two secrets in a time that does not depend on where they differ.
 *
 * @param given - what somebody claims it is
 * @param secret - what it is
 */
export function isSameSecret(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  for (let i = 0; i < given.length; i++) {
    difference |= given.charCodeAt(i) ^ secret.charCodeAt(i % secret.length);
  }
  return difference === 0;
}

/**
 * There is no process here: does nothing.
 *
 * @param _code - is not used
 */
export function exitProcess(_code: number): void {}

function writeToConsole(text: string): void {
  const lines = text.endsWith("\n") ? text.slice(0, -1) : text;
  for (const line of lines.split("\n")) console.log(line);
}

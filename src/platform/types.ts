import type { Context, TextMapPropagator } from "@opentelemetry/api";
import type { LogFormat, Sink } from "../log/types.js";
import type { W3cShortCut } from "../trace/w3c-short-cut.js";

/** A value that follows the control flow, through awaits too. */
export interface ContextStorage<T> {
  /**
   * Calls `fn(...args)` with `store` as the current value.
   *
   * @param store - the value while `fn`, and all that it starts, runs
   * @param fn - the function to call
   * @param args - its arguments
   * @returns what `fn` returns
   */
  run<A extends unknown[], R>(store: T, fn: (...args: A) => R, ...args: A): R;
  /** The current value, or undefined outside `run`. */
  getStore(): T | undefined;
  /** Stops all tracking until the next `run`. */
  disable(): void;
}

/** A file descriptor of this process, or a file that is appended to. */
export type FileTarget = { readonly fd: number } | { readonly path: string };

/** A sink on a file descriptor, that never blocks, never throws and never grows without bound. */
export interface FileSink extends Sink {
  /** How many lines were given up: the reader is gone or too slow, or the disk is full. */
  readonly dropped: number;
  flushSync(): void;
}

/** What differs between Node and other runtimes: the shape of the module `#platform`. */
export interface Platform {
  /** Makes a storage that follows the control flow, or undefined where the runtime has none. */
  createStorage<T>(): ContextStorage<T> | undefined;
  /**
   * Formats a message as `console.log` does; never throws.
   *
   * @param format - text with `%s`, `%d`, `%i`, `%f`, `%j`, `%o`, `%O`, `%c` and `%%`
   * @param args - the values; those without a place in `format` are appended
   */
  formatMessage(format: string, args: readonly unknown[]): string;
  /** Whether standard output is a terminal that wants colours. */
  stdoutIsTerminal(): boolean;
  /**
   * The sink of a descriptor or file: one for each, shared in the process.
   *
   * @param target - where to write
   * @throws TypeError where the runtime has no files
   */
  openSink(target: FileTarget): FileSink;
  /** The sink of standard output, or of the console where there is no such thing. */
  stdoutSink(): Sink;
  /** The format of standard output where that is not plain text: for people, when it is a terminal. */
  stdoutFormat(): LogFormat | undefined;
  /**
   * Calls `fn` when the process exits, synchronously. What it throws is dropped.
   *
   * @param fn - must not wait for anything
   */
  onProcessExit(fn: () => void): void;
  /**
   * Calls `fn` when the process is about to die of an uncaught error, before anything else sees it.
   * It changes nothing about how the process dies. What `fn` throws is dropped.
   *
   * @param fn - must not wait for anything
   * @returns false where crashes are not reported
   */
  onCrash(fn: (error: unknown) => void): boolean;
  /**
   * What does the same as a propagator of W3C Trace Context with the metadata of messages, in less time. Undefined for other
   * propagators, and where few messages come and the size of the code matters more.
   *
   * @param propagator - any propagator
   * @param base - the context to extract into, without baggage
   */
  w3cShortCut(propagator: TextMapPropagator, base: Context): W3cShortCut | undefined;
  /**
   * Compares two secrets in a time that does not depend on where they differ.
   *
   * @param given - what somebody claims it is
   * @param secret - what it is
   */
  isSameSecret(given: string, secret: string): boolean;
  /**
   * Ends the process; does nothing where there is none.
   *
   * @param code - the exit code
   */
  exitProcess(code: number): void;
}

import { openSync } from "node:fs";
import { Socket } from "node:net";
import { resolve } from "node:path";
import { isMainThread } from "node:worker_threads";
import { diag } from "@opentelemetry/api";
import sonic from "sonic-boom";
import { onProcessExit } from "./process-hooks.js";
import type { FileSink, FileTarget } from "./types.js";

const maxQueuedBytes = 16 * 1024 * 1024;
const maxFlushMs = 2000;
const inFlightMs = 5;
// The reader or the descriptor is gone, and does not come back. Anything else (a full disk) may pass.
const finalErrors = new Set<unknown>([
  "EPIPE",
  "EBADF",
  "EINVAL",
  "ECONNRESET",
  "ENOTCONN",
  "ERR_OUT_OF_RANGE",
]);
const sinks = new Map<string, SonicSink>();
const neverNotified = new Int32Array(new SharedArrayBuffer(4));

/**
 * The sink of a descriptor or of a file: one for each in the process, as two would mix up their lines.
 *
 * @param target - a descriptor that is open for writing, or the path of a file to append to
 * @throws Error as Node does when the file can't be opened
 */
export function openSink(target: FileTarget): FileSink {
  const name = "fd" in target ? `fd ${target.fd}` : resolve(target.path);
  const known = sinks.get(name);
  if (known !== undefined) return known;
  const sink = new SonicSink(name, "fd" in target ? target.fd : openSync(name, "a"));
  sinks.set(name, sink);
  onProcessExit(() => sink.flushSync());
  return sink;
}

class SonicSink implements FileSink {
  dropped = 0;
  readonly #name: string;
  #out: sonic.SonicBoom | undefined;
  #queued = 0;
  #reported = false;
  #stalled = false;
  #flushDeadline = Number.POSITIVE_INFINITY;

  constructor(name: string, fd: number) {
    this.#name = name;
    unblock(fd);
    const out = new sonic.SonicBoom({
      fd,
      sync: false,
      maxLength: maxQueuedBytes,
      retryEAGAIN: () => performance.now() < this.#flushDeadline,
    });
    out.on("write", () => {
      this.#stalled = false;
    });
    out.on("drain", () => {
      this.#queued = 0;
    });
    out.on("drop", (text: string) => {
      const lines = countLines(text);
      this.#queued -= lines;
      this.dropped += lines;
    });
    out.on("error", (error: unknown) => this.#failed(error));
    this.#out = out;
  }

  write(text: string): void {
    const lines = countLines(text);
    if (this.#out === undefined) {
      this.dropped += lines;
      return;
    }
    this.#queued += lines;
    this.#out.write(text);
  }

  flushSync(): void {
    if (this.#out === undefined || this.#queued === 0) return;
    letWriteFinish();
    this.#flushDeadline = performance.now() + (this.#stalled ? 0 : maxFlushMs);
    try {
      this.#out.flushSync();
      this.#queued = 0;
      this.#stalled = false;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#flushDeadline = Number.POSITIVE_INFINITY;
    }
  }

  #failed(error: unknown): void {
    const code = (error as { code?: unknown }).code;
    this.#stalled = code === "EAGAIN";
    if (finalErrors.has(code)) {
      this.#out = undefined;
      this.dropped += this.#queued;
      this.#queued = 0;
    }
    if (this.#reported || this.#stalled) return;
    this.#reported = true;
    diag.error(`connect-clue: log lines can't be written to ${this.#name}`, error);
  }
}

/**
 * A write to a pipe that nobody reads would block a thread, and with it the exit of the process. What Node opens
 * as a stream it makes non-blocking: such a write fails at once, and is tried again later.
 */
function unblock(fd: number): void {
  try {
    if (fd === 1 || fd === 2) {
      if (isMainThread) void (fd === 1 ? process.stdout : process.stderr);
    } else {
      new Socket({ fd, readable: false, writable: true }).unref();
    }
  } catch {
    // A file, a terminal or something closed: writing to it tells what is wrong, if anything is.
  }
}

/**
 * A write that a thread is at can't be seen to end while this code runs; a moment is enough for a reader that reads.
 * What is flushed then comes after it.
 */
function letWriteFinish(): void {
  Atomics.wait(neverNotified, 0, 0, inFlightMs);
}

function countLines(text: string): number {
  let lines = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lines++;
  return lines;
}

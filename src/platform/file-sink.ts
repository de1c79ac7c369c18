import { fstatSync, openSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import { resolve } from "node:path";
import { isMainThread } from "node:worker_threads";
import { diag } from "@opentelemetry/api";
import { onProcessExit } from "./process-hooks.js";
import type { FileSink, FileTarget } from "./types.js";

const maxQueuedBytes = 16 * 1024 * 1024;
/** What a pipe of Linux holds: more at once would be cut anyway. */
const maxChunkBytes = 64 * 1024;
/** How long a flush waits for a reader that reads nothing, and for one that reads slowly. */
const [maxStallMs, maxFlushMs] = [2000, 10_000];
const inFlightMs = 5;
const [firstRetryMs, lastRetryMs] = [5, 100];
// The reader or the descriptor is gone, and does not come back. Anything else (a full disk) may pass.
const finalErrors = new Set<unknown>([
  "EPIPE",
  "EBADF",
  "EINVAL",
  "ECONNRESET",
  "ENOTCONN",
  "ERR_OUT_OF_RANGE",
]);
// As they were at the start: the fake timers of a test must not stop the log.
const { setImmediate, setTimeout } = globalThis;
const sinks = new Map<string, DescriptorSink>();
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
  const sink = new DescriptorSink(name, "fd" in target ? target.fd : openSync(name, "a"));
  sinks.set(name, sink);
  onProcessExit(() => sink.flushSync());
  return sink;
}

/** Lines that are written together. */
interface Chunk {
  /** All of it; empty once it has been begun. */
  text: string;
  /** What is still to be written, once it has been begun. */
  rest: Buffer | undefined;
  bytes: number;
  lines: number;
}

/**
 * Writes to a descriptor at the end of the current turn of the event loop: a crash within the turn finds all lines still
 * in the queue, and {@link flushSync} writes them in order.
 *
 * A pipe or socket that does not block is written to at once: it takes what it has room for. All others are written to in
 * Node's thread pool, one write at a time, so that a slow disk stops nobody.
 */
class DescriptorSink implements FileSink {
  dropped = 0;
  readonly #name: string;
  readonly #fd: number;
  readonly #canBlock: boolean;
  /** Without the chunk whose write is under way. */
  readonly #queue: Chunk[] = [];
  #inFlight: Chunk | undefined;
  /** Of the queue and of the chunk in flight. */
  #bytes = 0;
  #isDue = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  /** A flush has waited in vain for a reader, which has read nothing since. */
  #isStalled = false;
  #isGone = false;
  #isReported = false;

  constructor(name: string, fd: number) {
    this.#name = name;
    this.#fd = fd;
    this.#canBlock = !unblock(fd);
  }

  write(text: string): void {
    const lines = countLines(text);
    const bytes = Buffer.byteLength(text);
    if (this.#isGone || this.#bytes + bytes > maxQueuedBytes) {
      this.dropped += lines;
      return;
    }
    this.#bytes += bytes;
    const last = this.#queue.at(-1);
    if (last === undefined || last.rest !== undefined || last.bytes + bytes > maxChunkBytes) {
      this.#queue.push({ text, rest: undefined, bytes, lines });
    } else {
      last.text += text;
      last.bytes += bytes;
      last.lines += lines;
    }
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#begin);
  }

  /** What a write in flight leaves over comes after what is written here: how much that is, nobody knows yet. */
  flushSync(): void {
    if (this.#isGone || this.#bytes === 0) return;
    if (this.#inFlight !== undefined) letWriteFinish();
    const end = performance.now() + (this.#isStalled ? 0 : maxFlushMs);
    try {
      for (let chunk = this.#queue[0]; chunk !== undefined; chunk = this.#queue[0]) {
        this.#advance(chunk, writeInTime(this.#fd, begun(chunk), end));
        if (chunk.bytes === 0) this.#queue.shift();
      }
    } catch (error) {
      this.#isStalled = isBusy(error);
      this.#failed(error);
    }
  }

  readonly #begin = (): void => {
    this.#isDue = false;
    if (this.#inFlight !== undefined || this.#retry !== undefined) return;
    if (this.#canBlock) this.#writeInPool();
    else this.#writeNow();
  };

  #writeNow(): void {
    try {
      for (let chunk = this.#queue[0]; chunk !== undefined; chunk = this.#queue[0]) {
        this.#advance(chunk, writeSync(this.#fd, begun(chunk)));
        if (chunk.bytes === 0) this.#queue.shift();
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #writeInPool(): void {
    const chunk = this.#queue.shift();
    if (chunk === undefined) return;
    this.#inFlight = chunk;
    try {
      write(this.#fd, begun(chunk), (error, count) => this.#ended(chunk, error, count));
    } catch (error) {
      this.#ended(chunk, error, 0);
    }
  }

  #ended(chunk: Chunk, error: unknown, count: number): void {
    this.#inFlight = undefined;
    if (this.#isGone) {
      this.dropped += chunk.lines;
      return;
    }
    this.#advance(chunk, count);
    if (chunk.bytes > 0) this.#queue.unshift(chunk);
    if (error) this.#failed(error);
    else this.#begin();
  }

  #advance(chunk: Chunk, count: number): void {
    if (count === 0) return;
    this.#isStalled = false;
    this.#retryMs = firstRetryMs;
    this.#bytes -= count;
    chunk.bytes -= count;
    chunk.rest = chunk.rest?.subarray(count);
  }

  #failed(error: unknown): void {
    const { code } = error as { code?: unknown };
    if (isBusy(error)) {
      this.#tryLater();
      return;
    }
    if (finalErrors.has(code)) this.#giveUp();
    if (this.#isReported) return;
    this.#isReported = true;
    try {
      diag.error(`connect-clue: log lines can't be written to ${this.#name}`, error);
    } catch {
      // The fault of a diag logger must not reach whoever logs.
    }
  }

  #tryLater(): void {
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#begin();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
  }

  #giveUp(): void {
    this.#isGone = true;
    sinks.delete(this.#name);
    for (const { lines } of this.#queue.splice(0)) this.dropped += lines;
    this.#bytes = 0;
  }
}

/** The bytes of a chunk that are still to be written. From now on nothing is appended to it. */
function begun(chunk: Chunk): Buffer {
  chunk.rest ??= Buffer.from(chunk.text);
  chunk.text = "";
  return chunk.rest;
}

/** Writes, and waits for a reader: not longer than the stall that is allowed, nor than `end`. */
function writeInTime(fd: number, bytes: Buffer, end: number): number {
  const deadline = Math.min(end, performance.now() + maxStallMs);
  for (;;) {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      pause(firstRetryMs);
    }
  }
}

function isBusy(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "EAGAIN" || code === "EBUSY";
}

/**
 * A write to a pipe that nobody reads would block a thread, and with it the exit of the process. What Node opens
 * as a stream it makes non-blocking: such a write fails at once, and is tried again later.
 *
 * @returns whether writes no longer block
 */
function unblock(fd: number): boolean {
  try {
    if (fd === 1 || fd === 2) {
      // In a worker these are not Node's streams of the descriptors.
      if (!isMainThread) return false;
      void (fd === 1 ? process.stdout : process.stderr);
    } else {
      new Socket({ fd, readable: false, writable: true }).unref();
    }
    const stats = fstatSync(fd);
    return stats.isFIFO() || stats.isSocket();
  } catch {
    // A file, a terminal or something closed: writing to it tells what is wrong, if anything is.
    return false;
  }
}

/**
 * A write that a thread is at can't be seen to end while this code runs; a moment is enough for a reader that reads.
 * What is flushed then comes after it.
 */
function letWriteFinish(): void {
  pause(inFlightMs);
}

/** Stops this thread. */
function pause(ms: number): void {
  Atomics.wait(neverNotified, 0, 0, ms);
}

function countLines(text: string): number {
  let lines = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lines++;
  return lines;
}

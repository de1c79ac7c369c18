import { Code, ConnectError } from "@connectrpc/connect";
import { inTime } from "../../call/in-time.js";
import { inChunks } from "./chunks.js";
import { CpuRecorder } from "./cpu-recorder.js";
import { type Memory, needHeadroom, readMemory } from "./heap-headroom.js";
import { HeapRecorder } from "./heap-recorder.js";
import { HeapSnapshot } from "./heap-snapshot.js";
import type { Recorder } from "./recorder.js";
import { takeSlot } from "./slots.js";
import { TraceRecorder } from "./trace-recorder.js";
import type { ProfileEvent, ProfileRequest } from "./types.js";

/** Options of {@link captureProfile}. */
export interface CaptureOptions {
  /** Stops the profile, whatever it is at. */
  readonly signal: AbortSignal;
  /** Reads the memory that a heap snapshot can have. Default: that of the process and of its container. */
  readonly memory?: () => Memory;
}

/**
 * Takes a profile of this process, without a port. There is one at a time of each kind.
 *
 * Leaving the loop stops it, as the signal does: the profiler at once, and nothing stays behind. Who takes no event for
 * a minute has left, too.
 *
 * @returns progress, first at once and then each second; the file in chunks of at most 256 KiB; its end
 * @throws ConnectError `resource_exhausted` when one of the kind is being taken, or a heap snapshot lacks memory;
 *   `failed_precondition` when V8 does not let it be taken; what the signal gave as its reason
 */
export async function* captureProfile(
  request: ProfileRequest,
  { signal, memory = readMemory }: CaptureOptions,
): AsyncGenerator<ProfileEvent> {
  if (signal.aborted) throw reasonOf(signal);
  const capture = new Capture(request, signal, memory);
  try {
    for await (const event of capture.events()) {
      capture.offered();
      yield event;
      capture.taken();
    }
  } finally {
    capture.end();
  }
}

/** The first progress is to reach the client before a heap snapshot brings the process to a stand. */
const untilSnapshotMs = 100;
const progressMs = 1000;
const patienceMs = 60_000;

/** A profile while it is taken and sent. */
class Capture {
  private readonly startedAt = performance.now();
  private readonly durationMs: number;
  private readonly recorder: Recorder;
  private readonly freeSlot: () => void;
  private readonly timer: NodeJS.Timeout;
  /** Settles when the recording is over; fails when it was stopped. */
  private readonly recorded: Promise<void>;
  private failRecorded: (error: unknown) => void = () => {};
  private patience: NodeJS.Timeout | undefined;
  private isOver = false;
  private error: unknown;

  constructor(
    private readonly request: ProfileRequest,
    private readonly signal: AbortSignal,
    memory: () => Memory,
  ) {
    this.durationMs = request.kind === "heap-snapshot" ? untilSnapshotMs : request.durationMs;
    this.freeSlot = takeSlot(request.kind, this.durationMs);
    try {
      if (request.kind === "heap-snapshot") needHeadroom(memory());
      this.recorder = startRecorder(request);
    } catch (error) {
      this.freeSlot();
      throw error;
    }
    let stop: () => void = () => {};
    this.recorded = new Promise((resolve, reject) => {
      this.failRecorded = reject;
      stop = () => resolve(stopped(this.recorder));
    });
    // Who waits for it hears of its failure; nobody may be waiting.
    this.recorded.catch(() => {});
    this.timer = setTimeout(stop, this.durationMs);
    signal.addEventListener("abort", this.onAbort);
  }

  async *events(): AsyncGenerator<ProfileEvent> {
    do yield this.progress();
    while (!(await inTime(progressMs, this.recorded)));
    let size = 0;
    for await (const bytes of inChunks(this.recorder.file(this.breathe))) {
      this.throwIfOver();
      size += bytes.length;
      yield { type: "chunk", bytes };
    }
    this.throwIfOver();
    yield { type: "done", fileName: fileNameOf(this.request), size };
  }

  /** An event is there to be taken. */
  offered(): void {
    if (!this.isOver) this.patience = setTimeout(this.onNobody, patienceMs);
  }

  /** The consumer has taken it, and wants more. */
  taken(): void {
    clearTimeout(this.patience);
    this.throwIfOver();
  }

  /** Stops all that runs, and frees the place; more than once does no harm. */
  end(error: unknown = new ConnectError("the profile was stopped", Code.Canceled)): void {
    if (this.isOver) return;
    this.isOver = true;
    this.error = error;
    clearTimeout(this.timer);
    clearTimeout(this.patience);
    this.signal.removeEventListener("abort", this.onAbort);
    this.recorder.close();
    this.freeSlot();
    this.failRecorded(error);
  }

  private readonly onAbort = (): void => this.end(reasonOf(this.signal));

  private readonly onNobody = (): void => {
    const message = `nobody took the profile for ${patienceMs / 1000} s: it was stopped`;
    this.end(new ConnectError(message, Code.DeadlineExceeded));
  };

  private readonly breathe = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    this.throwIfOver();
  };

  private throwIfOver(): void {
    if (this.isOver) throw this.error;
  }

  private progress(): ProfileEvent {
    const elapsedMs = Math.min(performance.now() - this.startedAt, this.durationMs);
    const { request } = this;
    return {
      type: "progress",
      elapsedMs,
      totalMs: request.kind === "heap-snapshot" ? undefined : request.durationMs,
    };
  }
}

function startRecorder(request: ProfileRequest): Recorder {
  switch (request.kind) {
    case "cpu":
      return new CpuRecorder(request.format);
    case "heap-sampling":
      return new HeapRecorder(request);
    case "heap-snapshot":
      return new HeapSnapshot();
    case "trace":
      return new TraceRecorder();
  }
}

/** What throws becomes a promise that rejects. */
async function stopped(recorder: Recorder): Promise<void> {
  await recorder.stop();
}

const extensions = {
  cpu: ".cpuprofile",
  "heap-sampling": ".heapprofile",
  "heap-snapshot": ".heapsnapshot",
  trace: ".trace.json",
} as const;

function fileNameOf({ kind, format }: ProfileRequest): string {
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "");
  return `${kind}-${process.pid}-${time}${format === "pprof" ? ".pb.gz" : extensions[kind]}`;
}

function reasonOf(signal: AbortSignal): ConnectError {
  return ConnectError.from(signal.reason, Code.Canceled);
}

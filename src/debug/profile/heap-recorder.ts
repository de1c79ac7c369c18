import { Code, ConnectError } from "@connectrpc/connect";
import { heapPprof } from "./heap-pprof.js";
import { type HeapProfile, heapJson, nodesOf } from "./heap-profile.js";
import { Inspector } from "./inspector.js";
import type { Breathe, Recorder } from "./recorder.js";
import { mapToSources } from "./source-maps.js";
import type { ProfileRequest } from "./types.js";

type HeapRequest = Extract<ProfileRequest, { kind: "heap-sampling" }>;

/** What allocates memory: what is still in use at the end, or all of it. A sample each 512 KiB. */
export class HeapRecorder implements Recorder {
  private readonly inspector = new Inspector();
  private readonly startedAtMs = Date.now();
  private readonly startedAt = performance.now();
  private durationMs = 0;
  private profile: HeapProfile | undefined;

  constructor(private readonly request: HeapRequest) {
    try {
      this.inspector.post("HeapProfiler.enable");
      needUnused(this.inspector);
      this.inspector.post("HeapProfiler.startSampling", {
        samplingInterval: intervalBytes,
        includeObjectsCollectedByMajorGC: this.includesCollected,
        includeObjectsCollectedByMinorGC: this.includesCollected,
      });
    } catch (error) {
      this.inspector.close();
      throw error;
    }
  }

  stop(): void {
    this.durationMs = performance.now() - this.startedAt;
    this.profile = this.inspector.post<{ profile: HeapProfile }>("HeapProfiler.stopSampling").profile;
    this.inspector.close();
  }

  async *file(breathe: Breathe): AsyncGenerator<string | Uint8Array> {
    const { profile } = this;
    if (profile === undefined) return;
    await mapToSources(nodesOf(profile), breathe);
    const { startedAtMs, durationMs, includesCollected } = this;
    if (this.request.format === "chrome") yield* heapJson(profile, breathe);
    else
      yield await heapPprof({ profile, intervalBytes, startedAtMs, durationMs, includesCollected }, breathe);
  }

  private get includesCollected(): boolean {
    return this.request.includesCollected === true;
  }

  close(): void {
    this.inspector.close();
    this.profile = undefined;
  }
}

/** About 512 KiB, and a multiple of most sizes of small objects: see how {@link heapPprof} counts objects. */
const intervalBytes = 524_160;

/** V8 has one sampling heap profiler, and would stop somebody else's with ours without a word. */
function needUnused(inspector: Inspector): void {
  try {
    inspector.post("HeapProfiler.getSamplingProfile");
  } catch {
    return;
  }
  throw new ConnectError(
    "something else in this process takes a sampling heap profile; V8 takes one at a time",
    Code.FailedPrecondition,
  );
}

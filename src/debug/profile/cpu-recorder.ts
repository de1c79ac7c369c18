import type { Profiler } from "node:inspector";
import { CallTimeline } from "./call-timeline.js";
import { cpuPprof } from "./cpu-pprof.js";
import { Inspector } from "./inspector.js";
import { type Breathe, jsonArray, type Recorder } from "./recorder.js";
import { mapToSources } from "./source-maps.js";

/** What the process computes: a sample of the stack each millisecond. */
export class CpuRecorder implements Recorder {
  private readonly inspector = new Inspector();
  private readonly startedAtMs = Date.now();
  private readonly before = monotonicUs();
  private readonly after: number;
  private timeline: CallTimeline | undefined;
  private profile: Profiler.Profile | undefined;

  /** @param format - pprof has labels, which tell the RPC method */
  constructor(private readonly format: "pprof" | "chrome") {
    try {
      this.inspector.post("Profiler.enable");
      this.inspector.post("Profiler.setSamplingInterval", { interval: intervalUs });
      this.inspector.post("Profiler.start");
    } catch (error) {
      this.inspector.close();
      throw error;
    }
    this.after = monotonicUs();
    if (format === "pprof") this.timeline = new CallTimeline();
  }

  stop(): void {
    this.timeline?.stop();
    this.profile = this.inspector.post<Profiler.StopReturnType>("Profiler.stop").profile;
    this.inspector.close();
  }

  async *file(breathe: Breathe): AsyncGenerator<string | Uint8Array> {
    const { profile } = this;
    if (profile === undefined) return;
    await mapToSources(profile.nodes, breathe);
    if (this.format === "pprof") yield await this.pprof(profile, breathe);
    else yield* chromeFile(profile, breathe);
  }

  close(): void {
    this.timeline?.stop();
    this.inspector.close();
    this.timeline = undefined;
    this.profile = undefined;
  }

  private pprof(profile: Profiler.Profile, breathe: Breathe): Promise<Uint8Array> {
    const { startedAtMs, timeline } = this;
    const methodAt = timeline?.reader() ?? (() => undefined);
    const shiftUs = this.clockShift(profile);
    const comments = timeline?.isFull
      ? ["rpc.method is missing on later samples: there were too many changes between methods"]
      : [];
    const recording = { profile, intervalUs, startedAtMs, comments };
    return cpuPprof({ ...recording, methodAt: (timeUs) => methodAt(timeUs - shiftUs) }, breathe);
  }

  /** V8's clock against the monotonic one. They are the same on Linux; elsewhere they are set to each other at the start. */
  private clockShift({ startTime }: Profiler.Profile): number {
    return startTime >= this.before && startTime <= this.after ? 0 : startTime - this.before;
  }
}

const intervalUs = 1000;

async function* chromeFile(profile: Profiler.Profile, breathe: Breathe): AsyncGenerator<string> {
  const { nodes, startTime, endTime, samples = [], timeDeltas = [] } = profile;
  yield '{"nodes":';
  yield* jsonArray(nodes, 500, breathe);
  yield `,"startTime":${startTime},"endTime":${endTime},"samples":`;
  yield* jsonArray(samples, 20_000, breathe);
  yield ',"timeDeltas":';
  yield* jsonArray(timeDeltas, 20_000, breathe);
  yield "}";
}

function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

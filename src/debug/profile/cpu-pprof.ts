import type { Profiler } from "node:inspector";
import { Pprof } from "./pprof.js";
import { type Breathe, inSlices } from "./recorder.js";

/** What is known of a CPU profile beside what V8 tells. */
export interface CpuRecording {
  readonly profile: Profiler.Profile;
  readonly intervalUs: number;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Tells the RPC method that the process worked for, by V8's clock, in microseconds; to be asked in the order of time. */
  readonly methodAt: (timeUs: number) => string | undefined;
  readonly comments: readonly string[];
}

/**
 * Turns V8's CPU profile into a gzipped one for `go tool pprof`.
 *
 * A sample counts for the time until the next one. Idle time is left out, as it is no work; native code without
 * JavaScript on the stack, `(program)`, and `(garbage collector)` are work, but no call's.
 */
export async function cpuPprof(recording: CpuRecording, breathe: Breathe): Promise<Uint8Array> {
  const { profile, intervalUs, startedAtMs, comments } = recording;
  const pprof = new Pprof();
  const stacks = stacksOf(profile, pprof);
  for (const [method, nodes] of await spentTime(recording, breathe)) {
    const labels = method === undefined ? {} : { [methodLabel]: method };
    await inSlices([...nodes], 500, breathe, ([node, { count, us }]) => {
      pprof.add(stacks(node), [count, us * 1000], labels);
    });
  }
  return pprof.encode({
    measures: [
      ["sample", "count"],
      ["cpu", "nanoseconds"],
    ],
    periodType: ["cpu", "nanoseconds"],
    period: intervalUs * 1000,
    startedAtMs,
    durationMs: (profile.endTime - profile.startTime) / 1000,
    comments,
  });
}

/** Names the RPC method on samples: `pkg.Service/Method`. */
const methodLabel = "rpc.method";

interface Spent {
  count: number;
  us: number;
}

/** By method and by node: how many samples, and how much time. */
async function spentTime(
  { profile, methodAt }: CpuRecording,
  breathe: Breathe,
): Promise<Map<string | undefined, Map<number, Spent>>> {
  const spent = new Map<string | undefined, Map<number, Spent>>();
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, metaName(callFrame)]));
  const { samples = [], timeDeltas = [] } = profile;
  let time = profile.startTime;
  await inSlices(samples, 20_000, breathe, (node, i) => {
    time += timeDeltas[i] ?? 0;
    const name = names.get(node);
    const method = methodAt(time);
    if (name === "(idle)" || name === "(root)") return;
    const nodes = getOrSet(spent, name === undefined ? method : undefined, () => new Map<number, Spent>());
    const sum = getOrSet(nodes, node, () => ({ count: 0, us: 0 }));
    sum.count++;
    sum.us += Math.max(0, timeDeltas[i + 1] ?? profile.endTime - time);
  });
  return spent;
}

/** The name of a node that stands for something else than a function: `(idle)`. */
function metaName({ functionName, url }: Profiler.ProfileNode["callFrame"]): string | undefined {
  return url === "" && functionName.startsWith("(") && functionName !== "(anonymous)"
    ? functionName
    : undefined;
}

/** Finds the stack of a node: the ids of its locations, the innermost first. The root is in no stack. */
function stacksOf({ nodes }: Profiler.Profile, pprof: Pprof): (node: number) => number[] {
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const locations = new Map(nodes.map(({ id, callFrame }) => [id, pprof.locationId(callFrame)]));
  return (node) => {
    const stack: number[] = [];
    for (
      let at = node, parent = parents.get(at);
      parent !== undefined;
      at = parent, parent = parents.get(at)
    ) {
      stack.push(locations.get(at) ?? 0);
    }
    return stack;
  };
}

function getOrSet<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

import type { HeapNode, HeapProfile } from "./heap-profile.js";
import { Pprof } from "./pprof.js";
import { type Breathe, inSlices } from "./recorder.js";

/** What is known of a sampling heap profile. */
export interface HeapRecording {
  readonly profile: HeapProfile;
  readonly intervalBytes: number;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** It tells of all that was allocated, not only of what is in use. */
  readonly includesCollected: boolean;
}

/** Turns V8's sampling heap profile into a gzipped one for `go tool pprof`. */
export async function heapPprof(recording: HeapRecording, breathe: Breathe): Promise<Uint8Array> {
  const { profile, intervalBytes, startedAtMs, durationMs, includesCollected } = recording;
  const pprof = new Pprof();
  const objects = new Map<number, number>();
  await inSlices(profile.samples, 20_000, breathe, ({ nodeId, size }) => {
    objects.set(nodeId, (objects.get(nodeId) ?? 0) + objectsOf(size, intervalBytes));
  });
  await inSlices([...stacksOf(profile.head, pprof)], 500, breathe, ([{ id, selfSize }, stack]) => {
    if (selfSize > 0) pprof.add(stack, [objects.get(id) ?? 0, selfSize]);
  });
  const what = includesCollected ? "alloc" : "inuse";
  return pprof.encode({
    measures: [
      [`${what}_objects`, "count"],
      [`${what}_space`, "bytes"],
    ],
    periodType: ["space", "bytes"],
    period: intervalBytes,
    startedAtMs,
    durationMs,
  });
}

/**
 * How many objects a sample stands for. V8 tells the bytes, rounded to whole objects: with an interval that is a multiple
 * of the object's size they are one object more than the interval, which tells that size. Others come out somewhat wrong,
 * large ones as a few too many.
 */
function objectsOf(bytes: number, intervalBytes: number): number {
  const beyond = bytes - intervalBytes;
  const isSmall = beyond > 0 && beyond <= intervalBytes / 2;
  return isSmall ? Math.round(bytes / Math.max(beyond, 16)) : 1;
}

/** Each node with its stack: the ids of its locations, the innermost first. The root is in no stack. */
function* stacksOf(head: HeapNode, pprof: Pprof): Generator<[HeapNode, number[]]> {
  const open: [HeapNode, number[]][] = head.children.map((node) => [node, []]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, outer] = next;
    const stack = [pprof.locationId(node.callFrame), ...outer];
    yield [node, stack];
    for (const child of node.children) open.push([child, stack]);
  }
}

import type { HeapProfiler } from "node:inspector";
import { type Breathe, jsonArray } from "./recorder.js";

/** V8's sampling heap profile. */
export interface HeapProfile {
  readonly head: HeapNode;
  readonly samples: readonly HeapSample[];
}

/** A function, called from that of the node above it, and the bytes that it has allocated itself. */
export interface HeapNode extends HeapProfiler.SamplingHeapProfileNode {
  readonly id: number;
  readonly children: HeapNode[];
}

/** An allocation that was looked at, and the bytes that it stands for. */
export interface HeapSample {
  readonly nodeId: number;
  readonly size: number;
}

/** All nodes of a profile. */
export function* nodesOf({ head }: HeapProfile): Generator<HeapNode> {
  const open = [head];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    open.push(...node.children);
  }
}

/** Writes a profile as Chrome's developer tools read it: a `.heapprofile`. */
export async function* heapJson({ head, samples }: HeapProfile, breathe: Breathe): AsyncGenerator<string> {
  yield '{"head":';
  yield* treeJson(head, breathe);
  yield ',"samples":';
  yield* jsonArray(samples, 10_000, breathe);
  yield "}";
}

/** Writes the tree node by node: as deep as stacks are, and too large to be written at once. */
async function* treeJson(head: HeapNode, breathe: Breathe): AsyncGenerator<string> {
  const open: (HeapNode | string)[] = [head];
  let text = "";
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === "string") {
      text += next;
      continue;
    }
    const { children, ...node } = next;
    text += `${JSON.stringify(node).slice(0, -1)},"children":[`;
    open.push("]}");
    for (const child of children.toReversed()) open.push(child, ",");
    if (children.length > 0) open.pop();
    if (text.length < 65_536) continue;
    yield text;
    text = "";
    await breathe();
  }
  yield text;
}

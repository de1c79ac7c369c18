import type { Frame, StackSample } from "./top-functions.js";

/** What is read of a .cpuprofile. */
interface CpuProfile {
  readonly nodes: readonly CpuNode[];
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next; the first from the profile's start. */
  readonly timeDeltas: readonly number[];
}

interface CpuNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

/** What is read of a .heapprofile. */
interface HeapProfile {
  readonly head: HeapNode;
}

interface HeapNode {
  readonly callFrame: CallFrame;
  /** Bytes. */
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0; -1 for what has none. */
  readonly lineNumber: number;
}

/**
 * The samples of a .cpuprofile in nanoseconds, without those in which the process had nothing to do.
 *
 * @throws Error when it is none
 */
export function cpuProfileSamples(file: Uint8Array): StackSample[] {
  const { nodes, samples, timeDeltas } = JSON.parse(Buffer.from(file).toString("utf8")) as CpuProfile;
  const micros = new Map<number, number>();
  // A sample holds until the next one.
  samples.forEach((id, i) => {
    micros.set(id, (micros.get(id) ?? 0) + Math.max(timeDeltas[i + 1] ?? 0, 0));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const children = ({ children = [] }: CpuNode): CpuNode[] => children.flatMap((id) => byId.get(id) ?? []);
  const [root] = nodes;
  if (root === undefined) return [];
  return [...walk(root, children, (node) => (micros.get(node.id) ?? 0) * 1000)].filter(
    ({ stack }) => stack[0]?.name !== "(idle)",
  );
}

/**
 * The samples of a .heapprofile in bytes.
 *
 * @throws Error when it is none
 */
export function heapProfileSamples(file: Uint8Array): StackSample[] {
  const { head } = JSON.parse(Buffer.from(file).toString("utf8")) as HeapProfile;
  return [
    ...walk(
      head,
      ({ children }) => children,
      ({ selfSize }) => selfSize,
    ),
  ];
}

/** One sample for each node below the root that has a value. Deep trees don't fill the stack. */
function* walk<N extends { readonly callFrame: CallFrame }>(
  root: N,
  children: (node: N) => readonly N[],
  value: (node: N) => number,
): Generator<StackSample> {
  const todo = children(root).map((node) => ({ node, stack: [frameOf(node)] }));
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node, stack } = next;
    const own = value(node);
    if (own > 0) yield { stack, value: own };
    for (const child of children(node)) todo.push({ node: child, stack: [frameOf(child), ...stack] });
  }
}

function frameOf({ callFrame: { functionName, url, lineNumber } }: { readonly callFrame: CallFrame }): Frame {
  return { name: functionName || "(anonymous)", file: url, line: lineNumber + 1 };
}

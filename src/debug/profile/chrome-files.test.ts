import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { root } from "../../../test/support/built.js";
import { block, profileFile } from "../../../test/support/pprof.js";

interface ChromeFrame {
  functionName: string;
  url: string;
  lineNumber: number;
  columnNumber: number;
}

function burn(): void {
  block(5);
}

const kept: unknown[] = [];

function allocate(): void {
  for (let i = 0; i < 20_000; i++) kept.push({ i });
}

function expectFrame(frame: ChromeFrame): void {
  expect(frame).toEqual({
    functionName: expect.any(String),
    scriptId: expect.stringMatching(/^\d+$/),
    url: expect.any(String),
    lineNumber: expect.any(Number),
    columnNumber: expect.any(Number),
  });
}

/** The time for a snapshot goes with the heap: that of a process of its own is small. */
async function snapshotOfSmallProcess(): Promise<Buffer> {
  const program = `
    import { createClient, createRouterTransport } from "@connectrpc/connect";
    import { createLogger } from "connect-clue";
    import { DebugService, debugRoutes } from "connect-clue/debug";
    createLogger({ sink: { write() {} } }); // for the audit lines
    const transport = createRouterTransport(debugRoutes({ authorize: () => "test" }));
    const request = { kind: 3, format: 2, acceptPause: true };
    for await (const { event } of createClient(DebugService, transport).captureProfile(request)) {
      if (event.case === "chunk") process.stdout.write(event.value);
    }`;
  const options = { cwd: root, encoding: "buffer", maxBuffer: 2 ** 28 } as const;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", program],
    options,
  );
  return stdout;
}

describe("files for Chrome", () => {
  it("have a CPU profile whose parts fit together", async () => {
    const file = await profileFile({ kind: "cpu", format: "chrome", durationMs: 300 }, burn);
    const profile = JSON.parse(file.toString());
    expect(Object.keys(profile)).toEqual(["nodes", "startTime", "endTime", "samples", "timeDeltas"]);
    const nodes: { id: number; callFrame: ChromeFrame; hitCount: number; children?: number[] }[] =
      profile.nodes;
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    const children = nodes.flatMap((node) => node.children ?? []);
    expect(new Set(children).size).toBe(children.length);
    expect(new Set([...children, nodes[0]?.id])).toEqual(ids);
    for (const { callFrame } of nodes) expectFrame(callFrame);
    const samples: number[] = profile.samples;
    expect(samples.length).toBeGreaterThan(10);
    expect(samples.every((id) => ids.has(id))).toBe(true);
    expect(profile.timeDeltas).toHaveLength(samples.length);
    expect(profile.endTime).toBeGreaterThan(profile.startTime);
    const burning = nodes.filter(({ callFrame }) =>
      ["burn", "block", "now"].includes(callFrame.functionName),
    );
    expect(burning.reduce((sum, { hitCount }) => sum + hitCount, 0)).toBeGreaterThan(samples.length / 4);
  });

  it("have a sampling heap profile whose parts fit together", async () => {
    const file = await profileFile({ kind: "heap-sampling", format: "chrome", durationMs: 300 }, allocate);
    const { head, samples, ...rest } = JSON.parse(file.toString());
    expect(rest).toEqual({});
    const bytes = new Map<number, number>();
    const names = new Map<string, number>();
    const walk = (node: { id: number; callFrame: ChromeFrame; selfSize: number; children: [] }) => {
      expectFrame(node.callFrame);
      expect(bytes.has(node.id)).toBe(false);
      bytes.set(node.id, node.selfSize);
      names.set(node.callFrame.functionName, node.selfSize);
      node.children.forEach(walk);
    };
    walk(head);
    expect(names.get("allocate")).toBeGreaterThan(500_000);
    expect(samples.length).toBeGreaterThan(0);
    for (const { nodeId } of samples) expect(bytes.get(nodeId)).toBeGreaterThan(0);
  });

  it("have a trace of events", async () => {
    const file = await profileFile({ kind: "trace", format: "chrome", durationMs: 300 }, allocate);
    const { traceEvents, ...rest } = JSON.parse(file.toString());
    expect(rest).toEqual({ otherData: { node: process.version, lost_events: 0 } });
    expect(traceEvents.length).toBeGreaterThan(4);
    for (const event of traceEvents) {
      expect(event).toMatchObject({
        ph: expect.stringMatching(/^[A-Za-z]$/),
        name: expect.any(String),
        cat: expect.any(String),
        pid: process.pid,
        tid: expect.any(Number),
        ts: expect.any(Number),
      });
    }
    const names = traceEvents.map(({ name }: { name: string }) => name);
    expect(names).toContain("process_name");
    expect(names.some((name: string) => /GC/.test(name))).toBe(true);
  });

  it("have a heap snapshot whose parts fit together", { timeout: 60_000 }, async () => {
    const file = await snapshotOfSmallProcess();
    const { snapshot, nodes, edges, strings } = JSON.parse(file.toString());
    const { node_fields, edge_fields } = snapshot.meta;
    expect(nodes).toHaveLength(snapshot.node_count * node_fields.length);
    expect(edges).toHaveLength(snapshot.edge_count * edge_fields.length);
    const edgeCount = node_fields.indexOf("edge_count");
    const name = node_fields.indexOf("name");
    const toNode = edge_fields.indexOf("to_node");
    let counted = 0;
    let isWhole = true;
    for (let i = 0; i < nodes.length; i += node_fields.length) {
      counted += nodes[i + edgeCount];
      isWhole &&= nodes[i + name] < strings.length;
    }
    for (let i = toNode; i < edges.length; i += edge_fields.length) {
      isWhole &&= edges[i] < nodes.length && edges[i] % node_fields.length === 0;
    }
    expect(counted).toBe(snapshot.edge_count);
    expect(isWhole).toBe(true);
  });
});

import type { Profiler } from "node:inspector";
import { describe, expect, it } from "vitest";
import { goPprof, readPprof } from "../../../test/support/pprof.js";
import { cpuPprof } from "./cpu-pprof.js";

const breathe = async () => {};

/** Root, idle, program, garbage collector, `main`, and `work`, which `main` calls. */
const nodes = [
  node(1, "(root)", "", [2, 3, 4, 5]),
  node(2, "(idle)", ""),
  node(3, "(program)", ""),
  node(4, "(garbage collector)", ""),
  node(5, "main", "file:///srv/main.js", [6]),
  node(6, "", "file:///srv/a%20b.js"),
];

function node(id: number, functionName: string, url: string, children?: number[]): Profiler.ProfileNode {
  const line = url === "" ? -1 : id * 10;
  const callFrame = { functionName, scriptId: "0", url, lineNumber: line, columnNumber: line };
  return { id, callFrame, hitCount: 0, ...(children !== undefined && { children }) };
}

async function read(samples: number[], timeDeltas: number[], methodAt: (us: number) => string | undefined) {
  const startTime = 1_000_000;
  const endTime = timeDeltas.reduce((sum, delta) => sum + delta, startTime) + 1000;
  const profile = { nodes, startTime, endTime, samples, timeDeltas };
  const recording = {
    profile,
    intervalUs: 1000,
    startedAtMs: 1_700_000_000_123,
    methodAt,
    comments: ["as it is"],
  };
  const file = Buffer.from(await cpuPprof(recording, breathe));
  return { file, profile: await readPprof(file) };
}

const main = { name: "main", file: "/srv/main.js", line: 51, startLine: 51 };
const nameless = { name: "(anonymous)", file: "/srv/a b.js", line: 61, startLine: 61 };
const program = { name: "(program)", file: "", line: 0, startLine: 0 };
const collector = { name: "(garbage collector)", file: "", line: 0, startLine: 0 };

describe("V8's CPU profile", () => {
  it("becomes one for pprof: by stack and method, with the time until the next sample", async () => {
    const { profile } = await read(
      [6, 6, 5, 2, 3, 4, 6, 1],
      [500, 1000, 1100, 900, 1000, 1000, 1000, 2000],
      (us) => (us < 1_002_000 ? "a.v1.A/One" : us < 1_003_000 ? undefined : "a.v1.A/Two"),
    );
    expect(profile).toEqual({
      measures: ["sample/count", "cpu/nanoseconds"],
      defaultMeasure: "cpu",
      period: "1000000 cpu/nanoseconds",
      timeNanos: 1_700_000_000_123_000_000n,
      durationNanos: 9_500_000,
      comments: ["as it is"],
      samples: [
        { stack: [nameless, main], values: [2, 2_100_000], labels: { "rpc.method": "a.v1.A/One" } },
        { stack: [main], values: [1, 900_000], labels: {} },
        { stack: [program], values: [1, 1_000_000], labels: {} },
        { stack: [collector], values: [1, 1_000_000], labels: {} },
        { stack: [nameless, main], values: [1, 2_000_000], labels: { "rpc.method": "a.v1.A/Two" } },
      ],
    });
  });

  it("bears samples that are out of order, and none at all", async () => {
    const { profile } = await read([5, 5, 5], [1000, 1000, -500], () => undefined);
    expect(profile.samples).toEqual([{ stack: [main], values: [3, 2_000_000], labels: {} }]);
    expect((await read([], [], () => undefined)).profile.samples).toEqual([]);
  });

  it("keeps all of many different samples, for go tool pprof as well", async ({ skip }) => {
    const samples = Array.from({ length: 1700 }, () => 6);
    const { file, profile } = await read(
      samples,
      samples.map(() => 1000),
      (us) => `a.v1.A/M${us}`,
    );
    expect(profile.samples).toHaveLength(1700);
    expect(new Set(profile.samples.map(({ labels }) => labels["rpc.method"])).size).toBe(1700);
    const tags = await goPprof(file, "-top", "-tagfocus=rpc.method=a.v1.A/M1001000$");
    if (tags === undefined) return skip("go is not installed");
    expect(tags).toMatch(/1ms .* \(anonymous\)$/m);
  });
});

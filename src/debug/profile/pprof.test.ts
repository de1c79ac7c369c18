import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { block, goPprof, profileFile, type ReadPprof, readPprof } from "../../../test/support/pprof.js";

function* burnBrightly(): Generator<void> {
  yield block(8);
}

function* burnLow(): Generator<void> {
  yield block(2);
}

function* burnBoth(): Generator<void> {
  burnBrightly().next();
  yield burnLow().next().value;
}

function burn(): void {
  burnBoth().next();
}

class Kept {
  readonly a = Math.random();
  readonly b = Math.random();
}

const kept: unknown[] = [];

function allocateMuch(): void {
  for (let i = 0; i < 20_000; i++) kept.push(new Kept());
}

/** About 2.5 MB, of which nothing is kept. */
function allocateWaste(): number {
  const waste: Kept[] = [];
  for (let i = 0; i < 50_000; i++) waste.push(new Kept());
  return waste.length;
}

/** By function: the sum of the values of all samples whose stacks it is in. */
function total(profile: ReadPprof, name: string, value: 0 | 1): number {
  const its = profile.samples.filter(({ stack }) => stack.some((frame) => frame.name === name));
  return its.reduce((sum, { values }) => sum + (values[value] ?? 0), 0);
}

const cpu = { kind: "cpu", format: "pprof", durationMs: 400 } as const;
const heap = { kind: "heap-sampling", format: "pprof", durationMs: 300 } as const;

describe("a CPU profile for pprof", () => {
  it("tells where the time goes", async () => {
    const before = Date.now();
    const profile = await readPprof(await profileFile(cpu, burn));
    const { samples, timeNanos, durationNanos, ...rest } = profile;
    expect(rest).toEqual({
      measures: ["sample/count", "cpu/nanoseconds"],
      defaultMeasure: "cpu",
      period: "1000000 cpu/nanoseconds",
      comments: [],
    });
    expect(Number(timeNanos / 1_000_000n)).toBeGreaterThanOrEqual(before);
    expect(durationNanos).toBeGreaterThan(390e6);
    const bright = total(profile, "burnBrightly", 1);
    expect(bright).toBeGreaterThan(total(profile, "burnLow", 1));
    expect(total(profile, "burnBoth", 1)).toBeGreaterThanOrEqual(bright);
    expect(bright).toBeGreaterThan(durationNanos / 10);
    expect(total(profile, "burnBrightly", 0)).toBeGreaterThan(10);
  });

  it("has stacks with the innermost function first, paths of files, and lines from 1", async () => {
    const { samples } = await readPprof(await profileFile(cpu, burn));
    const stack = samples
      .map((sample) => sample.stack)
      .find((frames) => frames.some(({ name }) => name === "burnLow"));
    const names = stack?.map(({ name }) => name) ?? [];
    expect(names.indexOf("burnBoth")).toBeGreaterThan(names.indexOf("burnLow"));
    const frame = stack?.find(({ name }) => name === "burnLow");
    expect(frame?.file).toBe(new URL(import.meta.url).pathname);
    expect(frame?.line).toBeGreaterThan(1);
    expect(frame?.line).toBe(frame?.startLine);
    expect(names).not.toContain("(root)");
  });

  it("does not count idle time", async () => {
    const profile = await readPprof(
      await profileFile(cpu, () => new Promise((resolve) => setTimeout(resolve, 50))),
    );
    expect(profile.samples.flatMap(({ stack }) => stack.map(({ name }) => name))).not.toContain("(idle)");
    const sum = profile.samples.reduce((all, { values }) => all + (values[1] ?? 0), 0);
    expect(sum).toBeLessThan(profile.durationNanos * 0.8);
  });

  it("is read by go tool pprof", async ({ skip }) => {
    const top = await goPprof(await profileFile(cpu, burn), "-top", "-cum");
    if (top === undefined) return skip("go is not installed");
    expect(top).toMatch(/^Type: cpu$/m);
    expect(top).toMatch(/ burnBrightly$/m);
    expect(top.indexOf(" burnBoth\n")).toBeLessThan(top.indexOf(" burnLow\n"));
  });
});

describe("a sampling heap profile for pprof", () => {
  it("tells who allocated what is kept, in bytes and about how many objects", async () => {
    kept.length = 0;
    const profile = await readPprof(await profileFile(heap, allocateMuch));
    const { samples, timeNanos, durationNanos, ...rest } = profile;
    expect(rest).toEqual({
      measures: ["inuse_objects/count", "inuse_space/bytes"],
      defaultMeasure: "inuse_space",
      period: "524160 space/bytes",
      comments: [],
    });
    const bytes = total(profile, "allocateMuch", 1);
    const objects = total(profile, "allocateMuch", 0);
    expect(bytes).toBeGreaterThan(524_160);
    // An object with two numbers of its own, and its place in the list.
    expect(bytes / objects).toBeGreaterThan(10);
    expect(bytes / objects).toBeLessThan(200);
  });

  it("tells who allocated what is collected, too, where it is asked to", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    const wasteAndCollect = () => {
      allocateWaste();
      collectGarbage();
    };
    const inUse = await readPprof(await profileFile(heap, wasteAndCollect));
    const all = await readPprof(await profileFile({ ...heap, includesCollected: true }, wasteAndCollect));
    expect([all.measures, all.defaultMeasure]).toEqual([
      ["alloc_objects/count", "alloc_space/bytes"],
      "alloc_space",
    ]);
    expect(total(inUse, "allocateWaste", 1)).toBe(0);
    expect(total(all, "allocateWaste", 1)).toBeGreaterThan(1_000_000);
  });

  it("is read by go tool pprof", async ({ skip }) => {
    const file = await profileFile(heap, allocateMuch);
    const top = await goPprof(file, "-top", "-cum");
    if (top === undefined) return skip("go is not installed");
    expect(top).toMatch(/^Type: inuse_space$/m);
    expect(top).toMatch(/ allocateMuch$/m);
    expect(await goPprof(file, "-top", "-inuse_objects")).toMatch(/^Type: inuse_objects$/m);
  });
});

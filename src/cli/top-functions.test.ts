import { Session } from "node:inspector/promises";
import { gzipSync } from "node:zlib";
import {
  Line,
  Location,
  Profile,
  Function as ProfileFunction,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";
import { describe, expect, it } from "vitest";
import { cpuProfileSamples, heapProfileSamples } from "./chrome-samples.js";
import { pprofSamples } from "./pprof-samples.js";
import { sumUp } from "./top-functions.js";

const inner = { name: "inner", file: "/app/a.ts", line: 3 };
const outer = { name: "outer", file: "/app/a.ts", line: 9 };

describe("sumUp", () => {
  it("gives a function what is measured in it, and once what it calls", () => {
    const samples = [
      { stack: [inner, outer, inner, outer], value: 5 },
      { stack: [outer], value: 1 },
      { stack: [], value: 4 },
    ];
    expect(sumUp(samples)).toEqual({
      total: 10,
      functions: [
        { ...inner, self: 5, total: 5 },
        { ...outer, self: 1, total: 6 },
      ],
    });
  });

  it("keeps functions of one name apart", () => {
    const other = { ...inner, file: "/app/b.ts" };
    expect(sumUp([{ stack: [inner, other], value: 2 }]).functions).toEqual([
      { ...inner, self: 2, total: 2 },
      { ...other, self: 0, total: 2 },
    ]);
  });
});

describe("pprofSamples", () => {
  const profile = (defaultType: string): Uint8Array => {
    const stringTable = new StringTable();
    const text = (value: string) => stringTable.dedup(value);
    const type = (name: string, unit: string) => new ValueType({ type: text(name), unit: text(unit) });
    return gzipSync(
      new Profile({
        stringTable,
        sampleType: [type("sample", "count"), type("cpu", "nanoseconds")],
        sample: [
          new Sample({ locationId: [1, 2], value: [3, 3000] }),
          new Sample({ locationId: [3], value: [1, 500] }),
        ],
        location: [
          new Location({ id: 1, line: [new Line({ functionId: 1, line: 5 })] }),
          new Location({ id: 2, line: [new Line({ functionId: 2, line: 12 })] }),
          // inner was inlined into outer.
          new Location({
            id: 3,
            line: [new Line({ functionId: 1, line: 4 }), new Line({ functionId: 2, line: 11 })],
          }),
        ],
        function: [
          new ProfileFunction({ id: 1, name: text("inner"), filename: text("/app/a.ts"), startLine: 3 }),
          new ProfileFunction({ id: 2, name: text("outer"), filename: text("/app/a.ts"), startLine: 9 }),
        ],
        defaultSampleType: defaultType === "" ? 0 : text(defaultType),
      }).encode(),
    );
  };

  it("has stacks with the values that are shown by default", () => {
    const samples = (...values: number[]) => values.map((value) => ({ stack: [inner, outer], value }));
    expect(pprofSamples(profile("sample"))).toEqual(samples(3, 1));
    expect(pprofSamples(profile("cpu"))).toEqual(samples(3000, 500));
    expect(pprofSamples(profile(""))).toEqual(samples(3000, 500));
  });

  it("throws for what is no profile", () => {
    expect(() => pprofSamples(Buffer.from("no"))).toThrow();
  });
});

describe("cpuProfileSamples", () => {
  it("has stacks with the time until the next sample, but for idle ones", () => {
    const frame = (functionName: string, url = "", lineNumber = -1) => ({
      callFrame: { functionName, url, lineNumber },
    });
    const file = {
      nodes: [
        { id: 1, ...frame("(root)"), children: [2, 4] },
        { id: 2, ...frame("outer", "/app/a.ts", 8), children: [3] },
        { id: 3, ...frame("", "/app/a.ts", 2) },
        { id: 4, ...frame("(idle)") },
      ],
      samples: [3, 4, 3, 2],
      timeDeltas: [100, 1000, 5000, 250],
    };
    expect(cpuProfileSamples(Buffer.from(JSON.stringify(file)))).toEqual([
      { stack: [{ ...inner, name: "(anonymous)" }, outer], value: 1_250_000 },
    ]);
  });

  it("reads what V8 writes", async () => {
    const session = new Session();
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    const until = performance.now() + 300;
    function busyWork(): void {
      for (let n = 0; performance.now() < until; n++) Math.sqrt(n);
    }
    busyWork();
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    const { total, functions } = sumUp(cpuProfileSamples(Buffer.from(JSON.stringify(profile))));
    const busy = functions.find(({ name }) => name === "busyWork");
    expect(busy?.file).toContain("top-functions.test.ts");
    expect(busy?.total).toBeGreaterThan(total / 2);
  });
});

describe("heapProfileSamples", () => {
  it("reads what V8 writes", async () => {
    const session = new Session();
    session.connect();
    await session.post("HeapProfiler.startSampling", { samplingInterval: 1024 });
    function keepMuch(): object[] {
      return Array.from({ length: 100_000 }, (_, n) => ({ n }));
    }
    const kept = keepMuch();
    const { profile } = await session.post("HeapProfiler.stopSampling");
    session.disconnect();
    const { total, functions } = sumUp(heapProfileSamples(Buffer.from(JSON.stringify(profile))));
    const keeping = functions.find(({ name }) => name === "keepMuch");
    expect(kept).toHaveLength(100_000);
    expect(keeping?.total).toBeGreaterThan(total / 2);
  });
});

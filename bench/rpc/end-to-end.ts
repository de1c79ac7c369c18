import type { Bench, BenchResult } from "../bench.js";
import { type Figure, figure, type Goal } from "../figure.js";
import { interleave } from "../interleave.js";
import { kitVariants, type Variant } from "../kit.js";
import { estimate, perRound } from "../statistics.js";
import { interval, type Table } from "../table.js";
import { startWorker, type Worker } from "../worker.js";
import type { Load, LoadResult } from "./client-worker.js";
import type { ServerAnswer, ServerCost, ServerQuestion } from "./server-worker.js";
import { type Workload, workloadNames } from "./workload.js";

/** One sample: what the server and the client say of the same load. */
interface Sample extends ServerCost, LoadResult {}

type Samples = Readonly<Record<Variant, readonly Sample[]>>;

/** What was left on each server's heap when all was over, in bytes. */
type Heaps = Readonly<Record<Variant, number>>;

type Server = Worker<ServerQuestion, ServerAnswer>;

/** The kit against bare Connect over HTTP/2, servers and client in processes of their own. */
export function endToEnd(workload: Workload): Bench {
  return async (settings) => {
    const operations = settings.smoke ? 64 : operationsPerSample[workload];
    const servers = new Map(variants.map((variant) => [variant, startServer(variant)]));
    const client = startWorker<Load, LoadResult>(new URL("client-worker.js", import.meta.url));
    try {
      const samples = await interleave(settings, variants, async (variant): Promise<Sample> => {
        const server = servers.get(variant);
        if (server === undefined) throw new Error(`no server ${variant}`);
        const url = (await server.ask("url")) as string;
        await server.ask("start");
        const result = await client.ask({ url, workload: workloadFor(variant, workload), operations });
        return { ...((await server.ask("stop")) as ServerCost), ...result };
      });
      return report(workload, operations, samples, await heaps(servers));
    } finally {
      await Promise.all([client, ...servers.values()].map((worker) => worker.stop()));
    }
  };
}

/** What messages with contexts cost is told against messages without. */
function workloadFor(variant: Variant, workload: Workload): Workload {
  return workload === "traced" && !kitVariants.some((kit) => kit === variant) ? "burst" : workload;
}

const variants: readonly Variant[] = ["bare", ...kitVariants, "bare again"];

/** Each sample takes about half a second. */
const operationsPerSample: Readonly<Record<Workload, number>> = {
  unary: 1600,
  burst: 30_000,
  traced: 20_000,
  "ping-pong": 6000,
};

function startServer(variant: Variant): Server {
  return startWorker(new URL("server-worker.js", import.meta.url), variant);
}

async function heaps(servers: ReadonlyMap<Variant, Server>): Promise<Heaps> {
  const entries = [...servers].map(async ([variant, server]) => [variant, await server.ask("heap")]);
  return Object.fromEntries(await Promise.all(entries)) as Heaps;
}

function report(workload: Workload, operations: number, samples: Samples, heap: Heaps): BenchResult {
  const name = workloadNames[workload];
  const figures = kitVariants.flatMap((variant): Figure[] => {
    const versus = (measure: Measure) => ratios(samples, variant, measure);
    const goal = cpuGoal(workload, variant);
    return [
      figure(`${name}: server CPU, kit / bare, ${variant}`, "ratio", versus(cpu), goal),
      ...(workload === "unary"
        ? [figure(`${name}: p99, kit / bare, ${variant}`, "ratio", versus(p99), { atMost: 1.05 })]
        : []),
      figure(`${name}: memory (rss), kit / bare, ${variant}`, "ratio", versus(rss), { atMost: 1.1 }),
    ];
  });
  const floor = figure(
    `${name}: server CPU, bare / bare (noise)`,
    "ratio",
    ratios(samples, "bare again", cpu),
  );
  return {
    samples: { operations, ...samples, heap },
    figures: [floor, ...figures],
    details: [detailTable(name, operations, samples, heap)],
  };
}

/** Before Node 24 an AsyncLocalStorage has a price that no library can lower: there is a goal without it only. */
function cpuGoal(workload: Workload, variant: Variant): Goal | undefined {
  if (workload === "unary") return { atMost: 1.03 };
  if (workload === "traced") return { atMost: 1.2 };
  if (variant !== "all on, implicit context") return { atMost: 1.05 };
  return Number.parseInt(process.versions.node, 10) >= 24 ? { atMost: 1.1 } : undefined;
}

function detailTable(name: string, operations: number, samples: Samples, heap: Heaps): Table {
  const relative = (variant: Variant, measure: Measure) =>
    variant === "bare" ? "1" : estimate(ratios(samples, variant, measure)).median.toFixed(2);
  const hasLatency = samples.bare.some((sample) => sample.p99Ms !== undefined);
  return {
    title: `${name}, against bare`,
    header: [
      "variant",
      "server CPU",
      "against bare",
      "throughput",
      ...(hasLatency ? ["p99"] : []),
      "rss",
      "heap",
    ],
    rows: variants.map((variant) => [
      variant,
      `${estimate(samples[variant].map((sample) => cpu(sample) / operations)).median.toFixed(1)} µs`,
      variant === "bare"
        ? "1"
        : interval(estimate(ratios(samples, variant, cpu)), (value) => value.toFixed(2)),
      relative(variant, (sample) => 1 / sample.elapsedMs),
      ...(hasLatency ? [relative(variant, p99)] : []),
      relative(variant, rss),
      (heap[variant] / heap.bare).toFixed(2),
    ]),
  };
}

type Measure = (sample: Sample) => number;

const cpu: Measure = (sample) => sample.cpuUs;
const rss: Measure = (sample) => sample.rss;
const p99: Measure = (sample) => sample.p99Ms ?? Number.NaN;

function ratios(samples: Samples, variant: Variant, measure: Measure): number[] {
  return perRound(samples[variant].map(measure), samples.bare.map(measure), (kit, bare) => kit / bare);
}

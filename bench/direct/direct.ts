import type { BenchResult, Settings } from "../bench.js";
import { type Figure, figure, type Goal } from "../figure.js";
import { interleave } from "../interleave.js";
import { directVariants, type KitVariant, kitVariants, type Variant } from "../kit.js";
import { estimate, perRound } from "../statistics.js";
import { interval, type Table } from "../table.js";
import { startWorker } from "../worker.js";
import type { DirectQuestion } from "./direct-worker.js";
import { type DirectWorkload, directNames } from "./workloads.js";

type Samples = Readonly<Record<DirectWorkload, Readonly<Record<DirectVariant, readonly number[]>>>>;
type DirectVariant = (typeof variants)[number];

/** The interceptor without a transport: what the kit adds to a call or a message, to the nanosecond. */
export async function direct(settings: Settings): Promise<BenchResult> {
  const timeMs = settings.smoke ? 1 : 200;
  const workers = new Map(variants.map((variant) => [variant, startDirect(variant)]));
  const sample = async (variant: DirectVariant, workload: DirectWorkload) => {
    const worker = workers.get(variant);
    if (worker === undefined) throw new Error(`no worker ${variant}`);
    return worker.ask({ workload, timeMs });
  };
  try {
    const samples: Partial<Record<DirectWorkload, Samples[DirectWorkload]>> = {};
    for (const workload of workloads) {
      samples[workload] = await interleave(settings, variants, (variant) => sample(variant, workload));
    }
    return report(samples as Samples);
  } finally {
    await Promise.all([...workers.values()].map((worker) => worker.stop()));
  }
}

const observed = [...kitVariants, ...directVariants] as const satisfies KitVariant[];
const variants = ["bare", ...observed] as const satisfies Variant[];
const workloads = Object.keys(directNames) as DirectWorkload[];

function startDirect(variant: Variant) {
  return startWorker<DirectQuestion, number>(new URL("direct-worker.js", import.meta.url), variant);
}

function report(samples: Samples): BenchResult {
  const figures = workloads.flatMap((workload) =>
    observed.map((variant) =>
      figure(
        `${directNames[workload]}, directly: kit − bare, ${variant}`,
        "µs",
        added(samples, workload, variant),
        goal(workload),
      ),
    ),
  );
  return { samples, figures: [...figures, ...debugFigures(samples)], details: [detailTable(samples)] };
}

/** What it costs that debug could be switched on. */
function debugFigures(samples: Samples): Figure[] {
  return workloads.map((workload) => {
    const { "logs alone": without, "logs alone, debug ready": ready } = samples[workload];
    const added = perRound(ready, without, (a, b) => (a - b) / 1000);
    return figure(`${directNames[workload]}, directly: debug ready, but off − without`, "µs", added);
  });
}

function goal(workload: DirectWorkload): Goal {
  if (workload === "traced") return { atMost: 1.5 };
  if (workload !== "unary") return { atMost: 0.7 };
  return { atMost: Number.parseInt(process.versions.node, 10) >= 24 ? 2 : 3 };
}

function detailTable(samples: Samples): Table {
  const absolute = (workload: DirectWorkload, variant: DirectVariant) =>
    interval(estimate(samples[workload][variant].map((ns) => ns / 1000)), (us) => us.toFixed(2));
  return {
    title: "Driven directly, µs",
    header: ["operation", ...variants],
    rows: workloads.map((workload) => [
      directNames[workload],
      ...variants.map((variant) => absolute(workload, variant)),
    ]),
  };
}

/** What the kit adds, in microseconds. */
function added(samples: Samples, workload: DirectWorkload, variant: DirectVariant): number[] {
  return perRound(samples[workload][variant], samples[workload].bare, (kit, bare) => (kit - bare) / 1000);
}

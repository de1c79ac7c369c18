import type { BenchResult, Settings } from "../bench.js";
import { figure, type Goal } from "../figure.js";
import { interleave } from "../interleave.js";
import { estimate, perRound } from "../statistics.js";
import { interval } from "../table.js";
import { startWorker } from "../worker.js";
import { type LineTask, lineNames } from "./line-tasks.js";
import type { LineQuestion } from "./line-worker.js";

type Samples = Readonly<Record<LineTask, readonly number[]>>;

/** What a log line costs, against pino. */
export async function logLines(settings: Settings): Promise<BenchResult> {
  const timeMs = settings.smoke ? 1 : 50;
  const worker = startWorker<LineQuestion, number>(new URL("line-worker.js", import.meta.url));
  try {
    return report(await interleave(settings, tasks, (task) => worker.ask({ task, timeMs })));
  } finally {
    await worker.stop();
  }
}

const tasks = Object.keys(lineNames) as LineTask[];

function report(samples: Samples): BenchResult {
  const cheaper = (name: string, kit: LineTask, pino: LineTask, goal?: Goal) =>
    figure(
      name,
      "times",
      perRound(samples[pino], samples[kit], (theirs, ours) => theirs / ours),
      goal,
    );
  const figures = [
    cheaper("line recorded and discarded, cheaper than pino writing it", "discarded", "pino", {
      atLeast: 20,
    }),
    cheaper("flushed JSON line, cheaper than pino with the same fields", "json", "pino same", { atLeast: 2 }),
    cheaper("flushed JSON line, cheaper than a pino child", "json", "pino child", { atLeast: 2 }),
    cheaper("flushed text line, cheaper than pino with the same fields", "text", "pino same"),
  ];
  const rows = tasks.map((task) => [
    lineNames[task],
    interval(estimate(samples[task]), (ns) => ns.toFixed(0)),
  ]);
  return { samples, figures, details: [{ title: "Log lines, ns", header: ["a line", "time"], rows }] };
}

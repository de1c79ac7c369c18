import { availableParallelism } from "node:os";
import { relative } from "node:path";
import type { Reporter, TestModule, Vitest } from "vitest/node";
import { formatTable } from "../../bench/table.js";
import { root } from "./built.js";

declare module "vitest" {
  interface TaskMeta {
    /** CPU time that the worker spent on the file, its import included, in milliseconds. Children's is not in it. */
    cpuMs?: number;
  }
}

/** How many files are listed. */
const listed = 10;

/** A reporter of Vitest that says, after a run of several files, which were slowest and where the time went. */
export class TimeReport implements Reporter {
  private startedAt = 0;
  private workers = availableParallelism();

  onInit({ config }: Vitest): void {
    this.workers = Number(config.maxWorkers);
  }

  onTestRunStart(): void {
    this.startedAt = performance.now();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length < 2) return;
    const files = modules.map(timesOf).sort((a, b) => b.total - a.total);
    console.log(`\n${slowest(files)}`);
    console.log(`${split(files, performance.now() - this.startedAt, this.workers)}\n`);
  }
}

/** What one file took, in milliseconds. */
interface FileTimes {
  readonly path: string;
  readonly tests: number;
  readonly imports: number;
  readonly running: number;
  readonly cpu: number;
  readonly total: number;
}

function timesOf(module: TestModule): FileTimes {
  const { setupDuration, collectDuration, duration } = module.diagnostic();
  const imports = setupDuration + collectDuration;
  return {
    path: relative(root, module.moduleId),
    tests: [...module.children.allTests()].length,
    imports,
    running: duration,
    cpu: module.meta().cpuMs ?? 0,
    total: imports + duration,
  };
}

function slowest(files: readonly FileTimes[]): string {
  return formatTable({
    title: "Slowest files, in seconds",
    header: ["file", "all", "import", "tests", "CPU", "number of tests"],
    rows: files
      .slice(0, listed)
      .map(({ path, tests, imports, running, cpu, total }) => [
        path,
        ...[total, imports, running, cpu].map(seconds),
        String(tests),
      ]),
  });
}

/** How the time of all workers splits. The rest is spent on starting workers, and on waiting for the last file. */
function split(files: readonly FileTimes[], wallMs: number, workers: number): string {
  const sum = (part: "imports" | "running" | "cpu") => files.reduce((total, file) => total + file[part], 0);
  const [imports, running, cpu] = [sum("imports"), sum("running"), sum("cpu")];
  const rest = Math.max(0, wallMs * workers - imports - running);
  return [
    `${seconds(wallMs)} s with ${workers} workers: imports ${seconds(imports)} s, tests ${seconds(running)} s,`,
    `the rest (starting workers, idle workers) ${seconds(rest)} s.`,
    `Of imports and tests the workers computed for ${seconds(cpu)} s, and waited for ${seconds(imports + running - cpu)} s.`,
  ].join(" ");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

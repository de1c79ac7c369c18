import { Bench } from "tinybench";

/** A function that does something many times over, for a millisecond at least: to read the clock takes microseconds. */
export interface Batch {
  /** How many operations one run is. */
  readonly operations: number;
  /** What a run needs and must not be counted. */
  prepare?(): void;
  run(): unknown;
}

/**
 * Runs a batch again and again, and counts the CPU time of the process: unlike the clock on the wall it does not go on
 * while another process has the core.
 *
 * @param timeMs - for how long at least, in milliseconds
 * @returns nanoseconds per operation: the mean, as garbage collection is part of the price
 */
export async function nanosecondsPerOperation(
  { operations, prepare = () => {}, run }: Batch,
  timeMs: number,
): Promise<number> {
  const bench = new Bench({ now: cpuTimeMs, time: timeMs, iterations: 1, warmup: false, throws: true });
  bench.add("batch", run, { async: true, beforeEach: prepare });
  const [task] = await bench.run();
  if (task?.result.state !== "completed") throw new Error(`batch not completed: ${task?.result.state}`);
  return (task.result.latency.mean * 1e6) / operations;
}

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Drives one variant without a transport. Started with the name of its variant. */
import { variantFromCommandLine } from "../kit.js";
import { nanosecondsPerOperation } from "../nanoseconds.js";
import { answerQuestions } from "../worker.js";
import { type DirectWorkload, directWorkloads } from "./workloads.js";

/** What to drive, and for how long. */
export interface DirectQuestion {
  readonly workload: DirectWorkload;
  readonly timeMs: number;
}

const workloads = directWorkloads(variantFromCommandLine());

answerQuestions<DirectQuestion, number>(({ workload, timeMs }) =>
  nanosecondsPerOperation(workloads[workload], timeMs),
);

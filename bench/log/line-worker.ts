/** Runs the tasks of {@link lineTasks}: the kit's and pino's in one process, as both are synchronous. */
import { nanosecondsPerOperation } from "../nanoseconds.js";
import { answerQuestions } from "../worker.js";
import { type LineTask, lineTasks } from "./line-tasks.js";

/** What to run, and for how long. */
export interface LineQuestion {
  readonly task: LineTask;
  readonly timeMs: number;
}

const tasks = lineTasks();

answerQuestions<LineQuestion, number>(({ task, timeMs }) => nanosecondsPerOperation(tasks[task], timeMs));

import type { HandlerContext } from "@connectrpc/connect";
import { checkMs } from "../call/check.js";
import { unexpected } from "../call/options.js";
import { wait } from "../call/wait.js";
import { whileItLives } from "./while-it-lives.js";

/** What a scripted stream does other than to send a message: made by {@link delay}, {@link fail} and {@link never}. */
export class Step {
  /** @param take - resolves when the next step may come; rejects to end the call */
  constructor(
    readonly name: string,
    readonly take: (context: HandlerContext) => Promise<void>,
  ) {}
}

/**
 * Waits, on the process's timers: a fake clock makes it pass without waiting.
 *
 * @param ms - milliseconds
 * @throws TypeError for what is no duration
 */
export function delay(ms: number): Step {
  checkMs("delay", ms, 0);
  return new Step(`delay(${ms})`, ({ signal }) => wait(ms, { signal }));
}

/**
 * Ends the call with an error.
 *
 * @param error - as a handler would throw it: a ConnectError with its code; others go out as `internal`
 * @throws TypeError for what is no error
 *
 * @example
 * stream([{ n: 3 }, { n: 2 }, fail(new ConnectError("out of numbers", Code.ResourceExhausted))])
 */
export function fail(error: Error): Step {
  if (!(error instanceof Error)) throw unexpected("fail", "an Error", error);
  return new Step("fail(…)", () => Promise.reject(error));
}

/** Waits until the call ends: by its client, its deadline or its server. */
export function never(): Step {
  return new Step("never()", ({ signal }) => whileItLives(signal, new Promise(() => {})));
}

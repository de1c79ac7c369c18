import { setMaxListeners } from "node:events";
import { constants } from "node:os";
import { check, checkFunction } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { drainOnce } from "./drain.js";
import { type DrainOptions, drainOptionNames, type ResolvedDrain, resolveDrain } from "./drain-options.js";

/** Options of {@link drainOnSignals}. */
export interface DrainOnSignalsOptions extends DrainOptions {
  /** Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Ends the process. Default `process.exit`. */
  readonly exit?: (code: number) => void;
}

/**
 * Drains a server when the process is told to stop, and then ends the process: with 0, or with 1 when requests had to be
 * cut off.
 *
 * A second signal, at least a second after the first, ends it at once, with 128 and the signal's number. One that comes
 * sooner is the same one again: a shell and npm both pass it on.
 *
 * @returns a function that stops listening for signals
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * drainOnSignals({ server, shutdown, checker, telemetry, graceMs: 20_000 });
 */
export function drainOnSignals(options: DrainOnSignalsOptions): () => void {
  const where = "drainOnSignals";
  checkKnown(where, options, [...drainOptionNames, "signals", "exit"]);
  const { signals = ["SIGTERM", "SIGINT"], exit = (code) => process.exit(code), ...drainOptions } = options;
  check(
    `${where}: signals`,
    signals,
    "a list of names of signals that can be caught, such as SIGTERM",
    areSignals,
  );
  checkFunction(`${where}: exit`, exit);
  const plan = resolveDrain(where, drainOptions);
  // Connect has every call in flight listen to it: more than ten are no leak.
  if (plan.shutdown !== undefined) setMaxListeners(0, plan.shutdown.signal);

  const onSignal = signalHandler(plan, exit);
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

function signalHandler(plan: ResolvedDrain, exit: (code: number) => void): (signal: NodeJS.Signals) => void {
  let firstAt: number | undefined;
  return (signal) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      void drainOnce(plan, signal).then(({ exitCode }) => exit(exitCode));
    } else if (performance.now() - firstAt >= sameSignalMs) {
      const exitCode = 128 + constants.signals[signal];
      plan.logger.warn("stopped at once by a second signal", {
        "drain.reason": signal,
        "drain.cut_off": [...plan.server.requests].length,
        exit_code: exitCode,
      });
      plan.logger.flush();
      exit(exitCode);
    }
  };
}

/** Within this time a signal that comes again is the same one. */
const sameSignalMs = 1000;

function areSignals(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(canBeCaught);
}

function canBeCaught(signal: string): boolean {
  return Object.hasOwn(constants.signals, signal) && signal !== "SIGKILL" && signal !== "SIGSTOP";
}

import { exitCodes, Failure, systemCode } from "./failure.js";

/**
 * Aborts with a {@link Failure} when the program is to end: by Ctrl-C, by a signal, or because nobody reads its output
 * any more. A second Ctrl-C ends it at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const end = (failure: Failure): void => controller.abort(failure);
  process.once("SIGINT", () => end(new Failure("", exitCodes.interrupted)));
  process.once("SIGTERM", () => end(new Failure("", exitCodes.terminated)));
  process.stdout.on("error", (error) => end(outputLost(error)));
  process.stderr.on("error", () => {});
  return controller.signal;
}

/** The reader of a pipe (`| head`) goes when it has enough: that is no error. */
function outputLost(error: Error): Failure {
  if (systemCode(error) === "EPIPE") return new Failure("", exitCodes.ok);
  return new Failure(`can't write the output: ${error.message}`, exitCodes.usage);
}

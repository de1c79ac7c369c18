import { safeText } from "../call/logfmt.js";

/** How the program can end. The help shows them: scripts rely on them. */
export const exitCodes = {
  ok: 0,
  no: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  serverError: 5,
  interrupted: 130,
  terminated: 143,
} as const;

/** Ends the program: with one line for people, and an exit code for scripts. */
export class Failure extends Error {
  override readonly name: string = "Failure";

  /**
   * @param message - what is wrong and what to do about it, in one line; empty to end without a word
   * @param exitCode - one of {@link exitCodes}
   */
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/** A failure because of how the program was called. */
export function usageError(message: string): Failure {
  return new Failure(message, exitCodes.usage);
}

/**
 * The text of a system error or of anything else that was thrown, in one line.
 *
 * @param error - anything that was thrown
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return safeText(String(error));
  // Several addresses were tried: an AggregateError has no text of its own.
  return safeText(error.message || systemCode(error) || error.name);
}

/** The code of a system error (`ECONNREFUSED`), or the empty text. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

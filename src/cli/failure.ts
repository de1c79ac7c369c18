import { Code, ConnectError } from "@connectrpc/connect";
import { codeName } from "../call/code.js";
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
 * What a call's error means to the person that made it.
 *
 * @param error - anything that was thrown
 * @param target - the server's address, and whether a token was sent to it
 */
export function failureOf(
  error: unknown,
  target: { readonly url: string; readonly hasToken: boolean },
): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof ConnectError)) return new Failure(reasonOf(error), exitCodes.serverError);
  const says = safeText(error.rawMessage) || "no reason given";
  const { url } = target;
  switch (error.code) {
    case Code.PermissionDenied:
    case Code.Unauthenticated:
      return new Failure(`${url} refuses: ${says}. ${tokenHint(target.hasToken)}`, exitCodes.refused);
    case Code.DeadlineExceeded:
      return new Failure(`no answer from ${url} in time; --timeout gives it more`, exitCodes.unreachable);
    case Code.Unimplemented:
      return new Failure(`${url} does not serve this: ${says}. ${mountHint}`, exitCodes.serverError);
    case Code.Unavailable:
      return new Failure(`${url} is not available: ${says}`, exitCodes.unreachable);
    case Code.NotFound:
      return new Failure(says, exitCodes.no);
    default:
      if (isBroken(error))
        return new Failure(`the connection to ${url} broke: ${says}`, exitCodes.unreachable);
      return new Failure(
        `${codeName(error.code)} from ${url}: ${says}${protocolHint(says)}`,
        exitCodes.serverError,
      );
  }
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

const mountHint =
  "Is the service mounted (debugRoutes of connect-clue/debug, healthRoutes of connect-clue/health) at this --addr?";

function tokenHint(hasToken: boolean): string {
  return hasToken
    ? "Is the token (--token or CLUE_DEBUG_TOKEN) the server's?"
    : "Give the token with CLUE_DEBUG_TOKEN or --token";
}

/** Whether the connection was lost, by what Node and Connect tell of it. */
function isBroken(error: ConnectError): boolean {
  return error.code === Code.Canceled || error.code === Code.Aborted || systemCode(error.cause) !== "";
}

function protocolHint(says: string): string {
  // A server that knows gRPC alone answers a message of Connect so.
  if (says.includes("HTTP 415")) return ". Perhaps it speaks gRPC only: --protocol grpc";
  return says.includes("content type") ? ". Is there a server of Connect at this --addr?" : "";
}

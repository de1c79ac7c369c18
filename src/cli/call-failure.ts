import { Code, ConnectError } from "@connectrpc/connect";
import { codeName } from "../call/code.js";
import { safeText } from "../call/logfmt.js";
import { exitCodes, Failure, reasonOf, systemCode } from "./failure.js";

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

import { Code, ConnectError } from "@connectrpc/connect";
import type { Call } from "./call.js";
import { asConnectError } from "./code.js";
import type { FailureOutcome } from "./types.js";

/** A failure before the durations and counts are added. */
export type Failure = Pick<FailureOutcome, "type" | "code" | "cause">;

/**
 * Classifies what a server's handler threw, or what its response stream rejected with.
 * What is no ConnectError goes out as `internal`, whatever `ConnectError.from` would make of it.
 */
export function serverError(call: Call, cause: unknown): Failure {
  if (call.signal.aborted) return serverAbort(call, call.signal.reason);
  const code = asConnectError(cause)?.code;
  if (code !== undefined) {
    if (code === Code.DeadlineExceeded && call.pastDeadline()) return deadline(cause);
    return { type: "error", code, cause };
  }
  if (cause === call.wireError && isBrokenStream(cause)) return peerGone(call, cause);
  return { type: "error", code: Code.Internal, cause };
}

/** Classifies the abort of a server call's signal before the handler has finished. */
export function serverAbort(call: Call, reason: unknown): Failure {
  const code = asConnectError(reason)?.code;
  if (code === Code.DeadlineExceeded) return deadline(reason);
  const transport = call.transport;
  if (transport !== undefined) return transport.closed ? peerGone(call, reason) : shutdown(reason, code);
  // Without the transport only the reason tells. Servers that stop say `unavailable`; peers do not.
  if (code === Code.Unavailable) return shutdown(reason, code);
  if (code === Code.Internal && call.deadline !== undefined) return deadline(reason);
  return peerGone(call, reason);
}

/** Classifies a server stream that ended well for the handler while its HTTP/2 stream was reset. */
export function serverReset(call: Call, resetCode: number): Failure {
  return peerGone(
    call,
    new ConnectError(`the client reset the stream (HTTP/2 code ${resetCode})`, Code.Canceled),
  );
}

/**
 * Classifies a response that Connect could not write, such as a number that does not fit its field. Connect tells
 * the client why, and an interceptor only sometimes.
 */
export function unwritable(error: unknown): Failure {
  const cause = error ?? new Error("the response could not be written");
  return { type: "error", code: asConnectError(cause)?.code ?? Code.Internal, cause };
}

/** Classifies what a client's call rejected with. */
export function clientError(call: Call, cause: unknown): Failure {
  if (call.signal.aborted) return clientAbort(call.signal.reason);
  const code = ConnectError.from(cause).code;
  if (code === Code.DeadlineExceeded && call.pastDeadline()) return deadline(cause);
  return { type: "error", code, cause };
}

/** Classifies the abort of a client call's signal: its deadline, or the caller's own cancel. */
export function clientAbort(reason: unknown): Failure {
  const code = asConnectError(reason)?.code;
  return code === Code.DeadlineExceeded
    ? deadline(reason)
    : { type: "canceled", code: Code.Canceled, cause: reason };
}

/**
 * The client is gone. One that reaches its own deadline goes just before the server's timer fires: its clock began to
 * run when it made the call, before it connected and sent. How it goes tells how near the deadline must be.
 */
function peerGone(call: Call, cause: unknown): Failure {
  return call.pastDeadline(leadMs(call)) ? deadline(cause) : { type: "canceled", code: Code.Canceled, cause };
}

/** How much sooner than the server a client may find its deadline passed, in milliseconds. */
function leadMs({ deadline = 0, startTime, transport }: Call): number {
  const timeoutMs = deadline - startTime;
  // Connect for Node resets with INTERNAL_ERROR for a deadline and for little else; others with CANCEL for both.
  if (transport?.resetCode === h2InternalError) return within(timeoutMs / 2, 5, 1000);
  if (transport?.resetCode === h2Cancel) return within(timeoutMs / 50, 5, 25);
  return within(timeoutMs / 10, 25, 250);
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

function deadline(cause: unknown): Failure {
  return { type: "deadline", code: Code.DeadlineExceeded, cause };
}

function shutdown(cause: unknown, code: Code | undefined): Failure {
  return { type: "shutdown", code: code ?? Code.Unavailable, cause };
}

/** Whether this is Node's word that a stream broke. Asked only of the call's own stream: a handler's other streams are its own affair. */
function isBrokenStream(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    brokenStream.has(error.code)
  );
}

const brokenStream: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_HTTP2_STREAM_CANCEL",
  "ERR_HTTP2_STREAM_ERROR",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

const h2InternalError = 2;
const h2Cancel = 8;

import { Code, ConnectError } from "@connectrpc/connect";
import type { Side } from "./types.js";

/**
 * The name of a Connect code as it stands on the wire and in every log line, span and metric:
 * `invalid_argument`, `canceled`, … A number that is no code is `unknown`.
 *
 * @see https://connectrpc.com/docs/protocol#error-codes
 */
export function codeName(code: Code): string {
  return names.get(code) ?? "unknown";
}

/**
 * Whether a code is the server's fault; all others are the caller's. The RPC conventions of OpenTelemetry draw this
 * line. A number that is no code is as good as unknown.
 */
export function isServerFault(code: Code): boolean {
  return serverFaults.has(code) || !names.has(code);
}

/** Whether a code is an error on one side of a call, for spans and metrics alike: to a client, every code is. */
export function isErrorOn(side: Side, code: Code): boolean {
  return side === "client" || isServerFault(code);
}

/** What was thrown, if it is a ConnectError. A hostile object may throw when it is asked. */
export function asConnectError(thrown: unknown): ConnectError | undefined {
  try {
    return thrown instanceof ConnectError ? thrown : undefined;
  } catch {
    return undefined;
  }
}

const serverFaults: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

const names: ReadonlyMap<Code, string> = new Map(
  Object.entries(Code).flatMap(([name, code]) =>
    typeof code === "number" ? [[code, name.replace(/\B[A-Z]/g, "_$&").toLowerCase()]] : [],
  ),
);

import { Code, ConnectError } from "@connectrpc/connect";

/**
 * The name of a Connect code as it stands on the wire and in every log line, span and metric:
 * `invalid_argument`, `canceled`, … A number that is no code is `unknown`.
 *
 * @see https://connectrpc.com/docs/protocol#error-codes
 */
export function codeName(code: Code): string {
  return names.get(code) ?? "unknown";
}

/** What was thrown, if it is a ConnectError. A hostile object may throw when it is asked. */
export function asConnectError(thrown: unknown): ConnectError | undefined {
  try {
    return thrown instanceof ConnectError ? thrown : undefined;
  } catch {
    return undefined;
  }
}

const names = new Map<Code, string>([
  [Code.Canceled, "canceled"],
  [Code.Unknown, "unknown"],
  [Code.InvalidArgument, "invalid_argument"],
  [Code.DeadlineExceeded, "deadline_exceeded"],
  [Code.NotFound, "not_found"],
  [Code.AlreadyExists, "already_exists"],
  [Code.PermissionDenied, "permission_denied"],
  [Code.ResourceExhausted, "resource_exhausted"],
  [Code.FailedPrecondition, "failed_precondition"],
  [Code.Aborted, "aborted"],
  [Code.OutOfRange, "out_of_range"],
  [Code.Unimplemented, "unimplemented"],
  [Code.Internal, "internal"],
  [Code.Unavailable, "unavailable"],
  [Code.DataLoss, "data_loss"],
  [Code.Unauthenticated, "unauthenticated"],
]);

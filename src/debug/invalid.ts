import { Code, ConnectError } from "@connectrpc/connect";

/** The error for a request that makes no sense: `invalid_argument`. */
export function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}

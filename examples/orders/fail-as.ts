import { Code, ConnectError } from "@connectrpc/connect";

/**
 * For `catch` of a call to a service behind this one: rejects with {@link callerError}.
 *
 * @param service - that service, for people to read
 * @param refusal - what it means when it refuses
 */
export function failAs(service: string, refusal: string): (error: unknown) => never {
  return (error) => {
    throw callerError(error, service, refusal);
  };
}

/** What a caller is told when a service behind this one fails. The error itself is the cause, for the log. */
export function callerError(error: unknown, service: string, refusal: string): ConnectError {
  return isRefusal(error)
    ? new ConnectError(refusal, Code.FailedPrecondition, undefined, undefined, error)
    : new ConnectError(`${service} does not answer`, Code.Unavailable, undefined, undefined, error);
}

/** Whether a service has said no: it has done nothing. After any other error it may have. */
export function isRefusal(error: unknown): boolean {
  return ConnectError.from(error).code === Code.FailedPrecondition;
}

/** How a call gets its request id. */
export interface RequestIdOptions {
  /** The header that brings and takes it. Default `x-request-id`. */
  readonly header?: string;
  /** Makes ids, of the form that is taken over from clients. Default, and in place of others: a random UUID. */
  readonly generate?: () => string;
  /**
   * Sends the id on: a server in its response headers (where the call gets as far as headers of its own: an error of
   * a unary call has none), a client in its request headers. Default false.
   */
  readonly propagate?: boolean;
}

/** Options, checked and complete. */
export interface ResolvedRequestIdOptions {
  readonly header: string;
  readonly generate: () => string;
  readonly propagate: boolean;
}

/** The id that a client sent, if it is one that can be taken over. */
export function requestIdOf(header: Headers, name: string): string | undefined {
  return validRequestId(header.get(name));
}

/**
 * An id that has up to 128 letters, digits and `._:/+=@-`, and begins with a letter or digit; undefined for any other.
 * Anything else could be made to look like something else in a log, or is no value for a header.
 */
export function validRequestId(id: unknown): string | undefined {
  return typeof id === "string" && /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/.test(id) ? id : undefined;
}

/** A random UUID. */
export function newRequestId(): string {
  return globalThis.crypto.randomUUID();
}

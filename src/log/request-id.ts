/** How a call gets its request id. */
export interface RequestIdOptions {
  /** The header that brings and takes it. Default `x-request-id`. */
  readonly header?: string;
  /** Makes ids. Default: a random UUID. */
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

/**
 * The id that a client sent, if it is one that can be taken over: up to 128 letters, digits and `._:/+=@-`, beginning
 * with a letter or digit. Anything else could be made to look like something else in a log.
 */
export function requestIdOf(header: Headers, name: string): string | undefined {
  const id = header.get(name);
  return id !== null && /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/.test(id) ? id : undefined;
}

/** A random UUID. */
export function newRequestId(): string {
  return globalThis.crypto.randomUUID();
}

import type { ContextKey } from "@connectrpc/connect";
import { sharedSymbol } from "./shared.js";

/**
 * What the HTTP layer knows of a call and an interceptor does not. An adapter's `contextValues` puts it
 * there (`nodeContextValues`); in memory and behind other adapters it is absent.
 */
export interface Transport {
  /** `address:port` of the client. */
  readonly peer: string | undefined;
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
  /** Whether the stream (HTTP/2) or the connection (HTTP/1.1) is gone. */
  readonly closed: boolean;
  /** The HTTP/2 error code that the stream was reset with; 0 when it was not, and always on HTTP/1.1. */
  readonly resetCode: number;
  /** Whether the call came in by the private listener of the kit's own server. */
  readonly isPrivate: boolean;
  /** Calls back once when the HTTP/2 stream has closed; at once when it already has. */
  onClose(callback: () => void): void;
}

/** The key under which an adapter's context values hold the {@link Transport}. */
export const transportKey: ContextKey<Transport | undefined> = {
  id: sharedSymbol("transport"),
  defaultValue: undefined,
};

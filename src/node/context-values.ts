import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest, Http2Stream } from "node:http2";
import { type ContextValues, createContextValues } from "@connectrpc/connect";
import { type Transport, transportKey } from "../call/transport.js";

/**
 * Tells the kit what only Node's request knows: the peer, the HTTP version, and whether and how the client
 * closed its stream. With it a client that cancels while the handler reads is told from one that has
 * said all it wanted; both end the request stream in the same way.
 *
 * @param request - as the adapter gives it
 * @param values - context values of your own to add to
 *
 * @example
 * connectNodeAdapter({ interceptors: [observe], contextValues: nodeContextValues, routes })
 */
export function nodeContextValues(
  request: IncomingMessage | Http2ServerRequest,
  values: ContextValues = createContextValues(),
): ContextValues {
  return values.set(
    transportKey,
    "stream" in request ? new Http2Transport(request) : new Http1Transport(request),
  );
}

class Http2Transport implements Transport {
  readonly httpVersion = "2.0";
  private readonly stream: Http2Stream;

  constructor(private readonly request: Http2ServerRequest) {
    this.stream = request.stream;
  }
  get peer(): string | undefined {
    return peerOf(this.stream.session?.socket ?? this.request.socket);
  }
  get closed(): boolean {
    return this.stream.closed || this.stream.destroyed;
  }
  get resetCode(): number {
    return this.stream.rstCode ?? 0;
  }
  onClose(callback: () => void): void {
    if (this.closed) callback();
    else this.stream.once("close", callback);
  }
}

class Http1Transport implements Transport {
  readonly resetCode = 0;

  constructor(private readonly request: IncomingMessage) {}

  get httpVersion(): string {
    return this.request.httpVersion;
  }
  get peer(): string | undefined {
    return peerOf(this.request.socket);
  }
  get closed(): boolean {
    return this.request.socket.destroyed;
  }
  onClose(callback: () => void): void {
    if (this.closed) callback();
    else this.request.socket.once("close", callback);
  }
}

interface Addressed {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** IPv6 addresses in brackets, as in a URL. A Unix socket and a closed one have no address. */
function peerOf({ remoteAddress, remotePort }: Addressed): string | undefined {
  if (remoteAddress === undefined) return undefined;
  const host = remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress;
  return remotePort === undefined ? host : `${host}:${remotePort}`;
}

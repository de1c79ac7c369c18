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
  readonly peer: string | undefined;
  private readonly stream: Http2Stream;

  constructor(request: Http2ServerRequest) {
    this.stream = request.stream;
    const { session } = request.stream;
    this.peer = session && peerOf(session, () => session.socket);
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
  readonly peer: string | undefined;

  constructor(private readonly request: IncomingMessage) {
    this.peer = peerOf(request.socket, () => request.socket);
  }

  get httpVersion(): string {
    return this.request.httpVersion;
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

/** The peers of open connections. A connection that is gone has no address any more, and its calls are logged then. */
const peers = new WeakMap<object, string>();

function peerOf(connection: object, socket: () => Addressed): string | undefined {
  let peer = peers.get(connection);
  if (peer === undefined) {
    peer = addressOf(socket());
    if (peer !== undefined) peers.set(connection, peer);
  }
  return peer;
}

/** IPv6 addresses in brackets, as in a URL; IPv4 as such also on a dual-stack socket. A Unix socket has no address. */
function addressOf({ remoteAddress, remotePort }: Addressed): string | undefined {
  if (remoteAddress === undefined) return undefined;
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, "");
  const host = address.includes(":") ? `[${address}]` : address;
  return remotePort === undefined ? host : `${host}:${remotePort}`;
}

import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";

/**
 * The connection that a request came in on: the session for HTTP/2, the socket for HTTP/1.1. None when an HTTP/2
 * stream has closed already.
 */
export function connectionOf(request: IncomingMessage | Http2ServerRequest): object | undefined {
  return "stream" in request ? request.stream.session : request.socket;
}

/**
 * The client's `address:port`. IPv6 addresses are in brackets, as in a URL; IPv4 as such also on a dual-stack socket.
 * A Unix socket has none.
 */
export function peerOf(request: IncomingMessage | Http2ServerRequest): string | undefined {
  const connection = connectionOf(request);
  if (connection === undefined) return undefined;
  let peer = peers.get(connection);
  if (peer === undefined) {
    const { remoteAddress, remotePort } = socketOf(request);
    peer = authorityOf(remoteAddress, remotePort);
    if (peer !== undefined) peers.set(connection, peer);
  }
  return peer;
}

/** The server's own `address:port` on a request's connection. */
export function localAddressOf(request: IncomingMessage | Http2ServerRequest): string | undefined {
  const { localAddress, localPort } = socketOf(request);
  return authorityOf(localAddress, localPort);
}

/** Remembers that a connection came in by the private listener. */
export function markPrivate(connection: object): void {
  privateConnections.add(connection);
}

/** Whether a connection came in by the private listener of a `createNodeServer`. */
export function isPrivate(connection: object | undefined): boolean {
  return connection !== undefined && privateConnections.has(connection);
}

/** The peers of open connections. A connection that is gone has no address any more, and its calls are logged then. */
const peers = new WeakMap<object, string>();

const privateConnections = new WeakSet<object>();

interface Addressed {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

function socketOf(request: IncomingMessage | Http2ServerRequest): Addressed {
  if (!("stream" in request)) return request.socket;
  return request.stream.session?.socket ?? {};
}

function authorityOf(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined) return undefined;
  const host = bracketed(address.replace(/^::ffff:(?=\d+\.)/, ""));
  return port === undefined ? host : `${host}:${port}`;
}

/** A host as a URL has it. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest, Http2Stream } from "node:http2";
import { type ContextValues, createContextValues } from "@connectrpc/connect";
import { type Transport, transportKey } from "../call/transport.js";
import { connectionOf, isPrivate, peerOf } from "./connection.js";

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
  readonly isPrivate: boolean;
  private readonly stream: Http2Stream;

  constructor(request: Http2ServerRequest) {
    this.stream = request.stream;
    this.peer = peerOf(request);
    this.isPrivate = isPrivate(connectionOf(request));
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
  readonly isPrivate: boolean;

  constructor(private readonly request: IncomingMessage) {
    this.peer = peerOf(request);
    this.isPrivate = isPrivate(connectionOf(request));
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

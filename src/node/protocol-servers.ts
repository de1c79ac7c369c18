import { createServer as createHttp1Server, type Server as Http1Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { createServer as createNetServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Limits, ResolvedListener } from "./node-server-options.js";

/** A server that accepts connections and speaks nothing above TLS. */
export function createAcceptor({ tls, limits }: ResolvedListener): Server {
  // A stream can be silent for hours: TCP finds out whether its client is still there.
  const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
  const handshakeTimeout = limits.headersTimeoutMs;
  const acceptor = tls
    ? createTlsServer({ ...tls, ...tcp, handshakeTimeout, ALPNProtocols: ["h2", "http/1.1"] })
    : createNetServer(tcp);
  acceptor.maxConnections = limits.maxConnections;
  return acceptor;
}

/** A server that speaks HTTP/1 on the connections that it is given by `emit("connection", socket)`. */
export function createHttp1({
  headersTimeoutMs,
  idleTimeoutMs,
  maxHeaderBytes,
}: Required<Limits>): Http1Server {
  const server = createHttp1Server({
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: headersTimeoutMs / 2,
    keepAliveTimeout: idleTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    // It would count until the end of the body, and cut a stream of requests that lives for long.
    requestTimeout: 0,
  });
  // It is then that Node begins to look for heads that don't come; this server never listens.
  server.emit("listening");
  return server;
}

/** A server that speaks HTTP/2 on the connections that it is given by `emit("connection", socket)`. */
export function createHttp2({ maxHeaderBytes, maxConcurrentStreams }: Required<Limits>): Http2Server {
  return createHttp2Server({
    settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes },
  });
}

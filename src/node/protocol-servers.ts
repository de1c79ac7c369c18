import { createServer as createHttp1Server, type Server as Http1Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { createServer as createNetServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Limits, ResolvedListener } from "./node-server-options.js";

/** A server that accepts connections and speaks nothing above TLS. */
export function createAcceptor(options: ResolvedListener): Server {
  const acceptor = options.tls ? createTlsAcceptor(options) : createNetServer(tcp);
  acceptor.maxConnections = options.limits.maxConnections;
  return acceptor;
}

// A stream can be silent for hours: TCP finds out whether its client is still there.
const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

function createTlsAcceptor({ tls, limits, isPrivate }: ResolvedListener): Server {
  const handshakeTimeout = limits.headersTimeoutMs;
  try {
    return createTlsServer({ ...tls, ...tcp, handshakeTimeout, ALPNProtocols: ["h2", "http/1.1"] });
  } catch (cause) {
    const where = `createNodeServer: ${isPrivate ? "private: " : ""}tls`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`${where}: expected what Node makes a TLS server of: ${reason}`, { cause });
  }
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

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { TlsOptions } from "node:tls";
import { check, checkFunction, checkMs } from "../call/check.js";
import { checkKnown, unexpected } from "../call/options.js";

/** Answers requests of HTTP/1.1 and HTTP/2: what `connectNodeAdapter` returns, or an `HttpHandler`. */
export type NodeRequestHandler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => unknown;

/** Where a server listens. */
export interface ListenOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** A name or address of this machine. */
  readonly host?: string;
  /**
   * Serves TLS: `key` and `cert`, or another of Node's ways to give a certificate. Clients choose HTTP/2 or HTTP/1.1 by
   * ALPN, and those without ALPN get HTTP/1.1. Default: cleartext, told apart by the first bytes.
   */
  readonly tls?: Omit<TlsOptions, "ALPNProtocols">;
}

/** A second listener of the same server, for those who may see more: debug, health. */
export interface PrivateListenerOptions extends ListenOptions {
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Default: the handler of the public port. */
  readonly handler?: NodeRequestHandler;
}

/** What one listener puts up with. No limit cuts a request or a stream that is on its way, however long it takes. */
export interface Limits {
  /**
   * How long a new connection may take for its TLS handshake and, without TLS, its first bytes, and an HTTP/1.1 client
   * for the head of a request, in milliseconds. Heads are looked at now and then: it may take half as long again.
   * Default 10,000.
   */
  readonly headersTimeoutMs?: number;
  /**
   * How long a connection may have no request, in milliseconds. Default 620,000: a little longer than the load
   * balancers of the large clouds keep one, so that it is they who close it and no request meets a closed connection.
   */
  readonly idleTimeoutMs?: number;
  /** How many connections there may be at a time; more are closed as they come. Default 10,000. */
  readonly maxConnections?: number;
  /** How large the head of a request may be, in bytes: at least 1024. Default 16 KiB. */
  readonly maxHeaderBytes?: number;
  /**
   * How many streams one HTTP/2 connection may have open. Default 1000: clients hold back what is more, and streams that
   * live for hours must not make the others wait.
   */
  readonly maxConcurrentStreams?: number;
}

/** Options of {@link createNodeServer}. */
export interface NodeServerOptions extends ListenOptions, Limits {
  /** Default: all interfaces, IPv6 and IPv4, as Node does it and containers need it. */
  readonly host?: string;
  /** What it throws or rejects with is reported through OpenTelemetry's `diag` and answered with 500. */
  readonly handler: NodeRequestHandler;
  /** A second listener. Default: none. */
  readonly private?: PrivateListenerOptions;
}

/** Options of one listener, checked and complete. */
export interface ResolvedListener extends ListenOptions {
  readonly handler: NodeRequestHandler;
  readonly limits: Required<Limits>;
  readonly isPrivate: boolean;
}

/**
 * Checks the options, and fills in what is left out.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function resolveNodeServer(options: NodeServerOptions): {
  readonly publicListener: ResolvedListener;
  readonly privateListener: ResolvedListener | undefined;
} {
  checkKnown("createNodeServer", options, [...listenOptions, ...Object.keys(defaults), "private"]);
  checkListen("createNodeServer", options);
  const { handler, private: second } = options;
  if (typeof handler !== "function") throw unexpected("createNodeServer: handler", "a function", handler);
  if (second !== undefined) {
    checkKnown("createNodeServer: private", second, listenOptions);
    checkListen("createNodeServer: private", second);
    checkFunction("createNodeServer: private: handler", second.handler);
  }
  const limits = resolveLimits(options);
  return {
    publicListener: { ...options, limits, isPrivate: false },
    privateListener: second && {
      ...second,
      handler: second.handler ?? handler,
      host: second.host ?? "127.0.0.1",
      limits,
      isPrivate: true,
    },
  };
}

const listenOptions = ["handler", "port", "host", "tls"];

const defaults: Required<Limits> = {
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 620_000,
  maxConnections: 10_000,
  maxHeaderBytes: 16_384,
  maxConcurrentStreams: 1000,
};

function resolveLimits(options: Limits): Required<Limits> {
  const given = Object.entries(options).filter(([name, value]) => name in defaults && value !== undefined);
  const limits: Required<Limits> = { ...defaults, ...Object.fromEntries(given) };
  checkMs("createNodeServer: headersTimeoutMs", limits.headersTimeoutMs);
  checkMs("createNodeServer: idleTimeoutMs", limits.idleTimeoutMs);
  checkCount("maxConnections", limits.maxConnections, 1);
  // The head of a call by browser or gRPC takes some hundred bytes.
  checkCount("maxHeaderBytes", limits.maxHeaderBytes, 1024);
  checkCount("maxConcurrentStreams", limits.maxConcurrentStreams, 1);
  return limits;
}

function checkCount(name: keyof Limits, count: number, least: number): void {
  check(`createNodeServer: ${name}`, count, `a whole number from ${least} to ${largest}`, () => {
    return Number.isInteger(count) && count >= least && count <= largest;
  });
}

/** The largest that a limit can be on the wire of HTTP/2 and in Node's parser. */
const largest = 2 ** 31 - 1;

function checkListen(where: string, { port, host, tls }: ListenOptions): void {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw unexpected(`${where}: port`, "a whole number from 0 to 65535", port);
  }
  check(`${where}: host`, host, "a name or address", (name) => typeof name === "string" && name !== "");
  check(`${where}: tls`, tls, "an object with cert, pfx or SNICallback", (given) => {
    return typeof given === "object" && certificates.some((name) => given[name] !== undefined);
  });
}

const certificates = ["cert", "pfx", "SNICallback", "secureContext", "pskCallback"] as const;

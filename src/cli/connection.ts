import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { ConnectionOptions } from "node:tls";
import type { Interceptor, Transport } from "@connectrpc/connect";
import type * as ConnectNode from "@connectrpc/connect-node";
import { usageError } from "./failure.js";
import { probe } from "./probe.js";

/** The protocols of Connect's servers. */
export const protocols = ["connect", "grpc", "grpc-web"] as const;

/** Where a server is, and how it is spoken to. */
export interface Target {
  readonly url: URL;
  readonly protocol: (typeof protocols)[number];
  /** Sent with each call, and never shown; empty for none. */
  readonly token: string;
  readonly tls: ConnectionOptions;
}

/** A way to a server. */
export interface Connection {
  readonly transport: Transport;
  /** Breaks off what is left of it, which would keep the process alive. */
  close(): void;
}

/**
 * Finds the way to a server: over HTTP/2 where it speaks that.
 *
 * @param connectNode - the package, which makes the connection
 * @param signal - ends the attempt
 * @throws Failure when the server can't be reached
 */
export async function connectTo(
  target: Target,
  connectNode: typeof ConnectNode,
  signal: AbortSignal,
): Promise<Connection> {
  const { url, protocol, tls } = target;
  const baseUrl = url.href.replace(/\/$/, "");
  const interceptors = target.token === "" ? [] : [bearer(target.token)];
  if ((await probe(url, tls, signal)) === "2") {
    const sessionManager = new connectNode.Http2SessionManager(baseUrl, {}, tls);
    const options = { baseUrl, httpVersion: "2", interceptors, sessionManager } as const;
    // Calls that were cancelled just now tell the server first, each for itself: else it sees a broken connection.
    const close = (): void => void setImmediate(() => sessionManager.abort());
    return { transport: connectNode[transports[protocol]](options), close };
  }
  if (protocol === "grpc")
    throw usageError(`${url.origin} speaks HTTP/1.1 only, and gRPC needs HTTP/2: leave --protocol out`);
  const agent = url.protocol === "https:" ? new HttpsAgent(tls) : new HttpAgent();
  const options = { baseUrl, httpVersion: "1.1", interceptors, nodeOptions: { agent } } as const;
  return { transport: connectNode[transports[protocol]](options), close: () => agent.destroy() };
}

/** What makes a transport, of each protocol. */
const transports = {
  connect: "createConnectTransport",
  grpc: "createGrpcTransport",
  "grpc-web": "createGrpcWebTransport",
} as const;

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("Authorization", `Bearer ${token}`);
    return next(request);
  };
}

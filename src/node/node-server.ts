import type { RequestInFlight } from "./exchange.js";
import { Listener } from "./listener.js";
import { type NodeServerOptions, type ResolvedListener, resolveNodeServer } from "./node-server-options.js";

export type { RequestInFlight };

/** Where a listener can be reached. */
export interface ListeningAt {
  /** `http(s)://host:port`, such that a client on this machine can open it. */
  readonly url: string;
  readonly port: number;
}

/** A server that listens. */
export interface NodeServer extends ListeningAt {
  /** The second listener, if there is one. */
  readonly privateListener: ListeningAt | undefined;
  /** The requests that have not ended on the public port, oldest first. */
  readonly requests: Iterable<RequestInFlight>;
  /**
   * Stops listening, and lets what is in flight end: HTTP/2 clients get GOAWAY, HTTP/1.1 clients
   * `Connection: close`. When the last connection is closed, those of the private listener are ended.
   *
   * @returns when all are closed. It has no bound of its own: {@link destroy} sets one. Called again, it gives the same
   * promise.
   */
  close(): Promise<void>;
  /**
   * Ends all connections now; {@link close} then resolves soon. Clients whose protocol has a place for it are told
   * `unavailable`.
   *
   * @returns the requests that were cut off on the public port, oldest first. Called again, it gives the same ones.
   */
  destroy(): readonly RequestInFlight[];
}

/**
 * Serves HTTP/1.1 and HTTP/2 on one port, with TLS or without: gRPC, gRPC-Web, Connect, probes and `curl` alike. A second,
 * private listener can serve those who may see more.
 *
 * @returns when it listens
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts; what Node says when it can't
 * listen: `EADDRINUSE` and the like, with host and port
 *
 * @example
 * const handler = connectNodeAdapter({ interceptors: [observe], contextValues: nodeContextValues, routes });
 * const server = await createNodeServer({ handler, port: 8080 });
 */
export async function createNodeServer(options: NodeServerOptions): Promise<NodeServer> {
  const resolved = resolveNodeServer(options);
  const privateListener = resolved.privateListener && (await Listener.open(resolved.privateListener));
  const publicListener = await openOr(resolved.publicListener, () => privateListener?.destroy());
  const { url, port } = publicListener;
  let closed: Promise<void> | undefined;
  return {
    url,
    port,
    privateListener: privateListener && { url: privateListener.url, port: privateListener.port },
    requests: { [Symbol.iterator]: () => publicListener.requests() },
    close() {
      closed ??= closeBoth(publicListener, privateListener);
      return closed;
    },
    destroy() {
      privateListener?.destroy();
      return publicListener.destroy();
    },
  };
}

async function openOr(options: ResolvedListener, giveUp: () => void): Promise<Listener> {
  try {
    return await Listener.open(options);
  } catch (error) {
    giveUp();
    throw error;
  }
}

/** The private listener goes last, so that probes and debugging work to the end; its own requests don't hold that up. */
async function closeBoth(publicListener: Listener, privateListener: Listener | undefined): Promise<void> {
  await publicListener.close();
  privateListener?.destroy();
  await privateListener?.close();
}

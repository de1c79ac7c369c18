import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { check } from "../call/check.js";
import { checkKnown } from "../call/options.js";

/** Options of {@link ServiceMock.serve}. */
export interface ServeOptions {
  /** Default: 0, which takes a free one. */
  readonly port?: number;
  /** A name or address of this machine. Default: `127.0.0.1`. */
  readonly host?: string;
  /** The server's interceptors. Default: none. */
  readonly interceptors?: readonly Interceptor[];
}

/** A mock that is served. */
export interface ServedMock {
  /** `http://host:port`, for `baseUrl`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, and ends what is in flight. */
  close(): Promise<void>;
}

/** Serves routes with the kit's server. It is loaded here, so that mocks in memory do without Node. */
export async function serveMock(
  routes: (router: ConnectRouter) => void,
  options: ServeOptions = {},
): Promise<ServedMock> {
  checkKnown("serve", options, ["port", "host", "interceptors"]);
  check("serve: interceptors", options.interceptors, "an array of interceptors", Array.isArray);
  const { port = 0, host = "127.0.0.1", interceptors = [] } = options;
  const { connectNodeAdapter } = await loadAdapter();
  const { createNodeServer, nodeContextValues } = await import("../node/index.js");
  const handler = connectNodeAdapter({
    routes,
    interceptors: [...interceptors],
    contextValues: nodeContextValues,
  });
  const server = await createNodeServer({ handler, port, host });
  return {
    url: server.url,
    port: server.port,
    async close() {
      server.destroy();
      await server.close();
    },
  };
}

async function loadAdapter(): Promise<typeof import("@connectrpc/connect-node")> {
  try {
    return await import("@connectrpc/connect-node");
  } catch (cause) {
    throw new Error("serve needs @connectrpc/connect-node: npm install @connectrpc/connect-node", { cause });
  }
}

import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { check, needMethods } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { atEndOf, type TestContext } from "../mock/test-end.js";
import { createNodeServer, nodeContextValues } from "../node/index.js";

/** Options of {@link serveMock}. */
export interface ServeMockOptions {
  /** Default: 0, which takes a free one. */
  readonly port?: number;
  /** A name or address of this machine. Default: `127.0.0.1`. */
  readonly host?: string;
  /** The server's interceptors. Default: none. */
  readonly interceptors?: readonly Interceptor[];
}

/** What {@link serveMock} takes: a mock of `createMock(service)`, or one that `protoc-gen-clue-mock` wrote. */
export interface ServableMock {
  readonly routes: (router: ConnectRouter) => void;
  readonly test: TestContext | undefined;
  verify(): void;
}

/** A mock that is served. */
export interface ServedMock {
  /** `http://host:port`, for `baseUrl`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, and ends what is in flight. */
  close(): Promise<void>;
}

/**
 * Serves a mock on a port of this machine, by HTTP/1.1 and HTTP/2 in cleartext: for clients of other processes and languages.
 * It is closed at the end of the test that the mock is for, before the mock is verified.
 *
 * @returns when it listens; rejects as Node does when it can't
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const mock = createMock(ChatService, { test: t });
 * const { url } = await serveMock(mock);
 */
export async function serveMock(mock: ServableMock, options: ServeMockOptions = {}): Promise<ServedMock> {
  needMethods("serveMock: mock", mock, ["routes", "verify"]);
  checkKnown("serveMock", options, ["port", "host", "interceptors"]);
  check("serveMock: interceptors", options.interceptors, "an array of interceptors", Array.isArray);
  const { port = 0, host = "127.0.0.1", interceptors = [] } = options;
  const handler = connectNodeAdapter({
    routes: mock.routes,
    interceptors: [...interceptors],
    contextValues: nodeContextValues,
  });
  const server = await createNodeServer({ handler, port, host });
  const close = async () => {
    server.destroy();
    await server.close();
  };
  if (mock.test !== undefined) atEndOf(mock.test, close);
  return { url: server.url, port: server.port, close };
}

import { createServer as createHttp1Server, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type ConnectNodeAdapterOptions, connectNodeAdapter } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { startNodeServer } from "../../test/support/node-server.js";
import { type HttpHandler, handleGets } from "../call/http-handler.js";
import { chain, type NodeRequestHandler } from "./index.js";

const a = answering("/a");
const b = answering("/b");

describe("chain", () => {
  it.each([
    ["/a", 200, "/a of the first"],
    ["/b", 200, "/b of the second"],
    ["/c", 404, "not found\n"],
  ])("asks each in turn: %s", async (path, status, text) => {
    const handler = chain(answering("/a", "first"), answering("/b", "second"), answering("/a", "third"));
    const { url } = await startNodeServer({ handler });
    const response = await fetch(url + path);
    expect([response.status, await response.text()]).toEqual([status, text]);
  });

  it("leaves what none serves to what comes after it", () => {
    const asked: string[] = [];
    const passing = (name: string): HttpHandler => {
      return (_request, _response, next) => {
        asked.push(name);
        next?.();
      };
    };
    chain(passing("a"), chain(passing("b"), passing("c")), chain())({ url: "/" }, response(), () =>
      asked.push("next"),
    );
    expect(asked).toEqual(["a", "b", "c", "next"]);
  });

  it("of nothing serves nothing", () => {
    const answer = response();
    chain()({ url: "/", method: "GET" }, answer);
    expect(answer.statusCode).toBe(404);
  });

  it("fits where handlers of plain HTTP go", async () => {
    const listener: RequestListener = chain(a, b);
    const middleware: (request: never, response: never, next: (error?: unknown) => void) => void = chain(
      a,
      b,
    );
    const fallback: ConnectNodeAdapterOptions["fallback"] = chain(a, b);
    const handler: NodeRequestHandler = chain(a, b);
    expect([listener, middleware, fallback, handler].map((fn) => typeof fn)).toEqual(
      Array(4).fill("function"),
    );
    createHttp1Server(chain(a, b));
    createHttp2Server(chain(a, b));
    const { url } = await startNodeServer({
      handler: connectNodeAdapter({ routes: () => {}, fallback: chain(a, b) }),
    });
    expect(await (await fetch(`${url}/b`)).text()).toBe("/b");
  });
});

function answering(path: string, name?: string): HttpHandler {
  const body = name === undefined ? path : `${path} of the ${name}`;
  return handleGets(new Map([[path, () => ({ status: 200, headers: {}, body })]]));
}

function response() {
  const nothing = () => {};
  return {
    statusCode: 200,
    setHeader: nothing,
    write: () => true,
    end: nothing,
    destroy: nothing,
    on: nothing,
    off: nothing,
  };
}

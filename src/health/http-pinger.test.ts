import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import { createChecker, type HttpPingerOptions, httpPinger } from "./index.js";

const { signal } = new AbortController();

/** A server of its own for one test, and its address. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("httpPinger", () => {
  it("asks for /livez with GET", async () => {
    const seen: unknown[] = [];
    const address = await serve(({ method, url }, response) => {
      seen.push([method, url]);
      response.end("fine");
    });
    const pinger = httpPinger("search", address);
    await pinger.ping(signal);
    expect([seen, pinger]).toEqual([[["GET", "/livez"]], { name: "search", ping: pinger.ping }]);
  });

  it("asks for the path, with the headers", async () => {
    const seen: unknown[] = [];
    const address = await serve(({ url, headers }, response) => {
      seen.push([url, headers["x-from"]]);
      response.end();
    });
    const options = { path: "/readyz?verbose", headers: { "x-from": "chat" } };
    await httpPinger("search", address, options).ping(signal);
    expect(seen).toEqual([["/readyz?verbose", "chat"]]);
  });

  it.each([200, 204, 299])("takes %i for well", async (status) => {
    const address = await serve((_, response) => response.writeHead(status).end());
    await expect(httpPinger("search", address).ping(signal)).resolves.toBeUndefined();
  });

  it.each([302, 404, 503])("takes %i for a failure, and goes nowhere else", async (status) => {
    let requests = 0;
    const address = await serve((_, response) => {
      requests++;
      response.writeHead(status, { location: "/" }).end();
    });
    await expect(httpPinger("search", address).ping(signal)).rejects.toThrow(
      new Error(`http://${address}/livez answered ${status}`),
    );
    expect(requests).toBe(1);
  });

  it("reads no body, however long", async () => {
    const closed = gate();
    const address = await serve((_, response) => {
      response.writeHead(200).on("close", () => closed.open());
      response.write("endless");
    });
    await httpPinger("search", address).ping(signal);
    await closed.opened;
  });

  it("gives up with its signal, and at its own deadline", async () => {
    const asked = [gate(), gate()];
    let count = 0;
    const address = await serve(() => asked[count++]?.open());
    const controller = new AbortController();
    const aborted = httpPinger("search", address).ping(controller.signal);
    await asked[0]?.opened;
    controller.abort(new Error("gone"));
    await expect(aborted).rejects.toThrow(new Error("gone"));
    await expect(httpPinger("search", address, { timeoutMs: 50 }).ping(signal)).rejects.toThrow(
      new Error("no answer within 50 ms"),
    );
  });

  it("fails where nobody listens", async () => {
    const options = { scheme: "https" } as const;
    await expect(httpPinger("search", "127.0.0.1:1", options).ping(signal)).rejects.toThrow("fetch failed");
  });

  it("is down at a port that fetch refuses, and the log says so", async () => {
    const log = testLogger();
    await createChecker({
      dependencies: [httpPinger("search", "127.0.0.1:10080")],
      logger: log,
    }).check();
    expect(log.lines()).toMatchObject([
      { msg: "dependency is down", error: "TypeError: fetch failed; cause: Error: bad port" },
    ]);
  });

  it("sends with one's own fetch", async () => {
    const urls: unknown[] = [];
    const own: typeof fetch = async (url) => {
      urls.push(url);
      return new Response(null, { status: 503 });
    };
    const options = { fetch: own, services: ["a.A"], critical: false };
    const pinger = httpPinger("search", "[::1]:80", options);
    await expect(pinger.ping(signal)).rejects.toThrow(new Error("http://[::1]:80/livez answered 503"));
    expect([urls, pinger]).toEqual([
      ["http://[::1]:80/livez"],
      { name: "search", services: ["a.A"], critical: false, ping: pinger.ping },
    ]);
  });

  it.each(
    Object.entries<[options: unknown, message: string]>({
      options: [null, "httpPinger: expected an object of options, got null"],
      unknown: [
        { url: "/" },
        'httpPinger: there is no option "url"; there are scheme, path, headers, fetch, timeoutMs, services, critical',
      ],
      scheme: [{ scheme: "ftp" }, 'httpPinger: scheme: expected "http" or "https", got "ftp"'],
      path: [{ path: "livez" }, 'httpPinger: path: expected a path that begins with "/", got "livez"'],
      headers: [
        { headers: { "x-from": "a\r\nb" } },
        "httpPinger: headers: expected an object of headers and their values, got an object",
      ],
      fetch: [{ fetch: "undici" }, 'httpPinger: fetch: expected a function, got "undici"'],
      timeoutMs: [
        { timeoutMs: 0 },
        "httpPinger: timeoutMs: expected a number of milliseconds from 1 to 2147483647, got 0",
      ],
      critical: [{ critical: 1 }, "httpPinger: critical: expected true or false, got 1"],
    }),
  )("refuses a bad option: %s", (_, [options, message]) => {
    expect(() => httpPinger("search", "localhost:80", options as HttpPingerOptions)).toThrow(
      new TypeError(message),
    );
  });

  it("refuses a bad name and a bad address", () => {
    expect(() => httpPinger("", "localhost:80")).toThrow(
      new TypeError('httpPinger: name: expected a text that is not empty, got ""'),
    );
    expect(() => httpPinger("search", "localhost")).toThrow(
      new TypeError(
        'httpPinger: address: expected "host:port", with an IPv6 address in brackets, got "localhost"',
      ),
    );
  });
});

import { fakeClock } from "connect-clue/fake-clock";
import { chain } from "connect-clue/node";
import { describe, expect, it } from "vitest";
import { debugToken, startDebugServer } from "../../test/support/debug-server.js";
import { exchange, type HttpVersion, textOf } from "../../test/support/http-exchange.js";
import { debugRules } from "../call/debug-rules.js";
import { bearerToken, privateListener } from "./authorizers.js";
import { type DebugHandlerOptions, debugHandler } from "./debug-handler.js";

const on = '{"debug-logs":"on"}\n';
const off = '{"debug-logs":"off"}\n';

describe.each<HttpVersion>(["HTTP/1.1", "HTTP/2"])("debugHandler over %s", (version) => {
  it("answers the state, switches on and off", async () => {
    const { get } = await serve({}, version);
    expect(await get("/debug")).toEqual({
      status: 200,
      headers: {
        "content-type": "application/json",
        "cache-control": "no-store",
        "content-length": "21",
        "x-content-type-options": "nosniff",
      },
      body: off,
    });
    expect(await get("/debug?debug-logs=on")).toMatchObject({ status: 200, body: on });
    expect(debugRules.list()).toMatchObject([{ method: "", headers: new Map() }]);
    expect(await get("/debug")).toMatchObject({ status: 200, body: on });
    expect(await get("/debug?debug-logs=off")).toMatchObject({ status: 200, body: off });
    expect(debugRules.isEmpty).toBe(true);
  });

  it("takes the token as the password of any user, and asks for it", async () => {
    const { get } = await serve({}, version);
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
    expect((await get("/debug", basic(`me:${debugToken}`))).status).toBe(200);
    for (const headers of [{ authorization: "" }, { authorization: "Bearer wrong" }, basic("me:wrong")]) {
      expect(await get("/debug?debug-logs=on", headers)).toEqual({
        status: 401,
        headers: {
          "cache-control": "no-store",
          "content-length": "34",
          "content-type": "text/plain; charset=utf-8",
          "www-authenticate": 'Basic realm="debug", charset="UTF-8"',
        },
        body: "you may not use the debug service\n",
      });
    }
    expect(debugRules.isEmpty).toBe(true);
  });

  it("lets in what came by the private listener", async () => {
    const { get, getPrivate } = await serve({ authorize: privateListener() }, version);
    expect((await get("/debug")).status).toBe(401);
    expect(await getPrivate("/debug?debug-logs=on")).toMatchObject({ status: 200, body: on });
  });

  it("gives the authorize function all that an RPC gives it", async () => {
    const asked: unknown[] = [];
    const authorize: DebugHandlerOptions["authorize"] = ({
      method,
      service,
      requestHeader,
      requestMethod,
      url,
    }) => {
      asked.push([
        service.typeName,
        method.name,
        requestMethod,
        requestHeader.get("x-team"),
        new URL(url).pathname,
      ]);
      return "me";
    };
    const { get } = await serve({ authorize }, version);
    await get("/debug", { "x-team": "a" });
    await get("/debug?debug-logs=off", { "x-team": "b" });
    expect(asked).toEqual([
      ["clue.debug.v1.DebugService", "GetDebugLogs", "GET", "a", "/debug"],
      ["clue.debug.v1.DebugService", "SetDebugLogs", "GET", "b", "/debug"],
    ]);
  });
});

describe("debugHandler", () => {
  it("writes each use to the log, with who, what and how", async () => {
    const { get, lines } = await serve();
    await get("/debug");
    await get("/debug?debug-logs=on");
    await get("/debug?debug-logs=on&secret=s3cr3t", {}, "HEAD");
    await get("/debug?secret=s3cr3t", { authorization: "" });
    const line = { time: "<time>", "rpc.peer": "127.0.0.1:<port>" };
    const used = { ...line, level: "info", msg: "debug service used", "debug.user": "bearer token" };
    expect(lines()).toEqual([
      { ...used, "debug.method": "GetDebugLogs", "debug.http": "GET /debug", "debug.request": {} },
      {
        ...used,
        "debug.method": "SetDebugLogs",
        "debug.http": "GET /debug",
        "debug.request": { enabled: true },
      },
      { ...used, "debug.method": "GetDebugLogs", "debug.http": "HEAD /debug", "debug.request": {} },
      {
        ...line,
        level: "warn",
        msg: "debug service refused",
        "debug.reason": "not allowed",
        "debug.method": "GetDebugLogs",
        "debug.http": "GET /debug",
      },
    ]);
  });

  it("names a long path in the log as far as it fits", async () => {
    const path = `/${"d".repeat(999)}`;
    const { get, lines } = await serve({ path });
    await get(path);
    expect(lines().map((line) => line["debug.http"])).toEqual([`GET /${"d".repeat(251)}…[cut from 1004]`]);
  });

  it("is closed until it is told who may use it", async () => {
    const { get } = await serve({ authorize: undefined });
    const { status, headers, body } = await get("/debug?debug-logs=on");
    expect([status, headers["www-authenticate"]]).toEqual([403, undefined]);
    expect(body).toContain("closed until it is told who may use it");
  });

  it("lets bursts of 20 pass, and refuses more", async () => {
    const { get } = await serve();
    const answers = await Promise.all(Array.from({ length: 40 }, () => get("/debug")));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(20);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });

  it("switches off what others switched on", async () => {
    const { get } = await serve();
    debugRules.set({ method: "shop.*", headers: new Map() }, 1000);
    expect((await get("/debug")).body).toBe(on);
    expect((await get("/debug?debug-logs=off")).body).toBe(off);
    expect(debugRules.isEmpty).toBe(true);
  });

  it.for<[options: DebugHandlerOptions, minutes: number]>([
    [{}, 15],
    [{ ttlMs: 60_000 }, 1],
  ])("with %j is on for %d minutes", async ([options, minutes], t) => {
    const clock = fakeClock({ test: t });
    const { get } = await serve(options);
    await get("/debug?debug-logs=on");
    await clock.advance(minutes * 60_000 - 1);
    expect((await get("/debug")).body).toBe(on);
    await clock.advance(1);
    expect((await get("/debug")).body).toBe(off);
  });

  it.each(["", "ON", "true", "on,off"])("refuses the value %j", async (value) => {
    const { get } = await serve();
    expect(await get(`/debug?debug-logs=${value}`)).toMatchObject({
      status: 400,
      body: `debug-logs: expected on or off, got ${JSON.stringify(value)}\n`,
    });
    expect(debugRules.isEmpty).toBe(true);
  });

  it("changes nothing for HEAD, nor for a page of another site", async () => {
    const { get } = await serve();
    const head = await get("/debug?debug-logs=on", {}, "HEAD");
    expect([head.status, head.body]).toEqual([200, ""]);
    for (const site of ["cross-site", "same-site"]) {
      expect(await get("/debug?debug-logs=on", { "sec-fetch-site": site })).toMatchObject({
        status: 403,
        body: "another site's page asks for this: open it by its address\n",
      });
    }
    expect(debugRules.isEmpty).toBe(true);
    for (const site of ["same-origin", "none"]) {
      expect((await get("/debug?debug-logs=on", { "sec-fetch-site": site })).body).toBe(on);
    }
  });

  it.each<[name: string, headers: (here: URL) => Record<string, string>, status: number]>([
    ["an Origin of its own", ({ origin }) => ({ origin }), 200],
    ["a Referer of its own", ({ href }) => ({ referer: `${href}a/page?of=it` }), 200],
    ["an Origin of its own, and another Referer", ({ origin }) => ({ origin, referer: elsewhere }), 200],
    ["another Origin", () => ({ origin: elsewhere }), 403],
    ["another Origin, and a Referer of its own", ({ href }) => ({ origin: elsewhere, referer: href }), 403],
    ["another port as Origin", ({ hostname }) => ({ origin: `http://${hostname}:1` }), 403],
    ["an Origin that begins like its own", ({ origin }) => ({ origin: `${origin}.elsewhere.example` }), 403],
    ["an Origin that is null", () => ({ origin: "null" }), 403],
    ["an Origin that is none", ({ host }) => ({ origin: `//${host}` }), 403],
    ["another Referer", () => ({ referer: `${elsewhere}/page` }), 403],
    [
      "a page of its own, behind a proxy that rewrites Host",
      () => ({ referer: `${elsewhere}/page`, "sec-fetch-site": "same-origin" }),
      200,
    ],
    [
      "another site, with a Referer of its own",
      ({ href }) => ({ referer: href, "sec-fetch-site": "cross-site" }),
      403,
    ],
  ])("minds whose page asks: %s", async (_, headers, status) => {
    for (const version of ["HTTP/1.1", "HTTP/2"] as const) {
      const { get, url } = await serve({}, version);
      expect((await get("/debug?debug-logs=on", headers(new URL(url)))).status).toBe(status);
      expect(debugRules.isEmpty).toBe(status !== 200);
      debugRules.clear();
    }
  });

  it.each([
    ["http://here.example", "here.example:80", 200],
    ["https://here.example", "here.example:443", 200],
    ["https://here.example", "HERE.example", 200],
    ["https://here.example", "here.example:80", 403],
  ])("takes %s for the page of %j: %d", async (origin, host, status) => {
    const { get } = await serve();
    expect((await get("/debug", { origin, host })).status).toBe(status);
  });

  it("has the options of Clue", async () => {
    const { get } = await serve({ path: "/toggle", query: "verbose", on: "1", off: "0" });
    expect((await get("/toggle?verbose=1")).body).toBe('{"verbose":"1"}\n');
    expect((await get("/toggle?verbose=0")).body).toBe('{"verbose":"0"}\n');
    expect((await get("/toggle?debug-logs=on")).body).toBe('{"verbose":"0"}\n');
    expect((await get("/toggle?verbose=on")).body).toBe('verbose: expected 1 or 0, got "on"\n');
    expect((await get("/debug")).status).toBe(404);
  });

  it.each<[options: object, message: string]>([
    [{ on: "off" }, 'debugHandler: off: expected a text other than on, got "off"'],
    [{ on: "" }, 'debugHandler: on: expected a text, got ""'],
    [{ off: 0 }, "debugHandler: off: expected a text other than on, got 0"],
    [{ query: "" }, 'debugHandler: query: expected a name, got ""'],
    [{ path: "debug" }, 'debugHandler: path: expected a path that begins with /, got "debug"'],
    [{ path: "/debug?" }, 'debugHandler: path: expected a path that begins with /, got "/debug?"'],
    [{ ttlMs: 0 }, "debugHandler: ttlMs: expected a number of milliseconds from 1 to 86400000, got 0"],
    [
      { ttlMs: 1e15 },
      "debugHandler: ttlMs: expected a number of milliseconds from 1 to 86400000, got 1000000000000000",
    ],
    [{ authorize: "x" }, 'debugHandler: authorize: expected a function, got "x"'],
    [
      { maxTtlMs: 1 },
      'debugHandler: there is no option "maxTtlMs"; there are authorize, logger, ttlMs, path, query, on, off',
    ],
  ])("refuses %j", (options, message) => {
    expect(() => debugHandler(options as DebugHandlerOptions)).toThrow(new TypeError(message));
  });
});

const elsewhere = "https://elsewhere.example";

/** The handler behind others on a server with a private listener. */
async function serve(
  given: { [name in keyof DebugHandlerOptions]: DebugHandlerOptions[name] | undefined } = {},
  version: HttpVersion = "HTTP/1.1",
) {
  const { authorize, ...rest } = { authorize: bearerToken(debugToken), ...given };
  const server = await startDebugServer({
    fallback: (logger) => {
      const options = { logger, ...(authorize && { authorize }), ...rest } as DebugHandlerOptions;
      return chain(debugHandler(options));
    },
  });
  const getFrom =
    (base: string) =>
    async (path: string, headers: Record<string, string> = {}, method = "GET") => {
      const sent = { authorization: `Bearer ${debugToken}`, ...headers };
      const answer = await exchange(base + path, { version, method, headers: sent });
      return { status: answer.status, headers: answer.headers, body: await textOf(answer) };
    };
  return {
    url: server.url,
    lines: server.lines,
    get: getFrom(server.url),
    getPrivate: getFrom(server.privateUrl),
  };
}

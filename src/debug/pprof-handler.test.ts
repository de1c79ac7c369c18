import { Code, ConnectError } from "@connectrpc/connect";
import { chain } from "connect-clue/node";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { debugToken, startDebugServer } from "../../test/support/debug-server.js";
import { gate } from "../../test/support/gate.js";
import { bytesOf, exchange, type HttpVersion, textOf } from "../../test/support/http-exchange.js";
import { until } from "../../test/support/until.js";
import { bearerToken } from "./authorizers.js";
import { type PprofHandlerOptions, pprofHandler } from "./pprof-handler.js";
import { captureProfile } from "./profile/capture-profile.js";
import type { ProfileEvent, ProfileRequest } from "./profile/types.js";

vi.mock(import("./profile/capture-profile.js"));

/** What the profiler was asked, and what it does. */
let asked: ProfileRequest[] = [];

beforeEach(() => {
  asked = [];
  capture(async function* () {
    yield { type: "progress", elapsedMs: 0, totalMs: 1000 };
    yield { type: "chunk", bytes: Buffer.from("one ") };
    yield { type: "progress", elapsedMs: 1000, totalMs: 1000 };
    yield { type: "chunk", bytes: Buffer.from("two") };
    yield { type: "done", fileName: "x", size: 7 };
  });
});

describe.each<HttpVersion>(["HTTP/1.1", "HTTP/2"])("pprofHandler over %s", (version) => {
  it("sends a profile as a file", async () => {
    const { get } = await serve({}, version);
    expect(await get("/debug/pprof/profile?seconds=2")).toEqual({
      status: 200,
      headers: {
        "cache-control": "no-store",
        "content-disposition": 'attachment; filename="profile.pb.gz"',
        "content-type": "application/octet-stream",
        "x-content-type-options": "nosniff",
      },
      body: "one two",
    });
    expect(asked).toEqual([{ kind: "cpu", format: "pprof", durationMs: 2000 }]);
  });

  it("stops a profile when the client leaves before it is there", async () => {
    const started = gate();
    const stopped = gate();
    capture(async function* (_, signal) {
      yield { type: "progress", elapsedMs: 0, totalMs: 1000 };
      signal.addEventListener("abort", () => stopped.open());
      started.open();
      await stopped.opened;
      throw signal.reason;
    });
    const { ask } = await serve({}, version);
    await expect(ask("/debug/pprof/profile", { leaveWhen: started.opened })).rejects.toBeDefined();
    await stopped.opened;
  });

  it("stops a profile when the client leaves while it is sent", async () => {
    let left = false;
    capture(async function* () {
      try {
        for (;;) yield { type: "chunk", bytes: Buffer.alloc(100_000) };
      } finally {
        left = true;
      }
    });
    const { ask } = await serve({}, version);
    const answer = await ask("/debug/pprof/heap");
    answer.leave();
    await until(() => left);
  });

  it("lets the profiler wait for a slow client", async () => {
    let pulled = 0;
    capture(async function* () {
      while (pulled++ < 200) yield { type: "chunk", bytes: Buffer.alloc(256 * 1024) };
    });
    const { ask } = await serve({}, version);
    const answer = await ask("/debug/pprof/trace");
    await until(() => pulled > 0);
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBeLessThan(100);
    expect((await bytesOf(answer)).length).toBe(200 * 256 * 1024);
  });
});

describe("the profiles of pprofHandler", () => {
  it.each<[path: string, request: ProfileRequest, fileName: string]>([
    ["profile", { kind: "cpu", format: "pprof", durationMs: 30_000 }, "profile.pb.gz"],
    ["profile?seconds=0.5", { kind: "cpu", format: "pprof", durationMs: 500 }, "profile.pb.gz"],
    ["profile?format=pprof", { kind: "cpu", format: "pprof", durationMs: 30_000 }, "profile.pb.gz"],
    [
      "profile?seconds=300&format=cpuprofile",
      { kind: "cpu", format: "chrome", durationMs: 300_000 },
      "profile.cpuprofile",
    ],
    ["heap", { kind: "heap-sampling", format: "pprof", durationMs: 10_000 }, "heap.pb.gz"],
    [
      "heap?format=heapprofile",
      { kind: "heap-sampling", format: "chrome", durationMs: 10_000 },
      "heap.heapprofile",
    ],
    [
      "allocs?seconds=1",
      { kind: "heap-sampling", format: "pprof", durationMs: 1000, includesCollected: true },
      "allocs.pb.gz",
    ],
    ["snapshot?accept-pause=1", { kind: "heap-snapshot", format: "chrome" }, "snapshot.heapsnapshot"],
    [
      "snapshot?accept-pause&format=heapsnapshot",
      { kind: "heap-snapshot", format: "chrome" },
      "snapshot.heapsnapshot",
    ],
    ["trace", { kind: "trace", format: "chrome", durationMs: 1000 }, "trace.json"],
  ])("%s", async (path, request, fileName) => {
    const { get } = await serve();
    const { status, headers } = await get(`/debug/pprof/${path}`);
    expect([status, headers["content-disposition"]]).toEqual([200, `attachment; filename="${fileName}"`]);
    expect(asked).toEqual([request]);
  });

  it.each<[path: string, status: number, text: string | RegExp]>([
    ["profile?seconds=soon", 400, 'seconds: expected a number above 0, got "soon"\n'],
    ["profile?seconds=0", 400, 'seconds: expected a number above 0, got "0"\n'],
    ["profile?seconds=-1", 400, 'seconds: expected a number above 0, got "-1"\n'],
    ["profile?seconds=", 400, 'seconds: expected a number above 0, got ""\n'],
    ["profile?seconds=Infinity", 400, 'seconds: expected a number above 0, got "Infinity"\n'],
    ["profile?seconds=1e300", 400, 'seconds: expected a number above 0, got "1e300"\n'],
    ["profile?seconds=301", 400, /^duration: /],
    ["profile?format=heapprofile", 400, 'format: expected pprof or cpuprofile, got "heapprofile"\n'],
    ["trace?format=pprof", 400, /PPROF/],
    ["snapshot", 400, /accept.pause/],
    ["snapshot?accept-pause=0", 400, /accept.pause/],
    ["eventloop?format=xml", 400, 'format: expected text or json, got "xml"\n'],
    ["eventloop?seconds=301", 400, 'seconds: expected a number above 0 and at most 300, got "301"\n'],
  ])("refuses %s", async (path, status, text) => {
    const { get } = await serve();
    const answer = await get(`/debug/pprof/${path}`);
    expect(answer).toMatchObject({
      status,
      headers: { "content-type": "text/plain; charset=utf-8", "x-go-pprof": "1" },
      body: typeof text === "string" ? text : expect.stringMatching(text),
    });
    expect(asked).toEqual([]);
  });

  it.each([
    [Code.ResourceExhausted, 429],
    [Code.FailedPrecondition, 400],
    [Code.Unavailable, 503],
  ])("answers the profiler's %s with %d", async (code, status) => {
    capture(async function* () {
      yield { type: "progress", elapsedMs: 0, totalMs: 1000 };
      throw new ConnectError("another one", code);
    });
    const { get } = await serve();
    expect(await get("/debug/pprof/profile")).toMatchObject({ status, body: "another one\n" });
  });

  it("take no longer than they may, unless asked to", async () => {
    const { get } = await serve({ maxDurationMs: 5000 });
    await get("/debug/pprof/profile");
    expect(asked).toMatchObject([{ durationMs: 5000 }]);
    expect((await get("/debug/pprof/profile?seconds=6")).status).toBe(400);
  });

  it("are not taken for HEAD", async () => {
    const { get } = await serve();
    const answer = await get("/debug/pprof/profile", {}, "HEAD");
    expect([answer.status, answer.headers["content-type"], answer.body]).toEqual([
      200,
      "application/octet-stream",
      "",
    ]);
    expect(asked).toEqual([]);
  });

  it("are for those who may, and each use is written to the log", async () => {
    const { get, lines } = await serve();
    await get("/debug/pprof/profile?seconds=2");
    expect(await get("/debug/pprof/profile", { authorization: "" })).toMatchObject({
      status: 401,
      headers: { "www-authenticate": 'Basic realm="debug", charset="UTF-8"', "x-go-pprof": "1" },
    });
    expect(asked).toHaveLength(1);
    expect(lines().map(({ time: _, level: __, "rpc.peer": ___, ...line }) => line)).toEqual([
      {
        msg: "debug service used",
        "debug.user": "bearer token",
        "debug.method": "CaptureProfile",
        "debug.http": "GET /debug/pprof/profile",
        "debug.request": { kind: "CPU", duration: "2s" },
      },
      {
        msg: "debug service refused",
        "debug.reason": "not allowed",
        "debug.method": "CaptureProfile",
        "debug.http": "GET /debug/pprof/profile",
      },
    ]);
  });
});

describe("the pages of pprofHandler", () => {
  const names = ["profile", "heap", "allocs", "snapshot", "trace", "activity", "eventloop", "cmdline"];

  it("are listed", async () => {
    const { get } = await serve();
    const { status, headers, body } = await get("/debug/pprof/");
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(
      Array.from(body.matchAll(/<a href="(.*?)">(.*?)<\/a>/g), ([, href, name]) => [href, name]),
    ).toEqual(names.map((name) => [name, name]));
    const tags = Array.from(body.matchAll(/<(\/?)(\w+)/g), ([, end, tag]) => `${end}${tag}`);
    for (const tag of new Set(tags.filter((tag) => !tag.startsWith("/") && tag !== "meta"))) {
      expect([tag, tags.filter((other) => other === `/${tag}`).length]).toEqual([
        tag,
        tags.filter((other) => other === tag).length,
      ]);
    }
  });

  it.each([
    ["/debug/pprof", undefined, "/debug/pprof/"],
    ["/internal/p", "/internal/p", "/internal/p/"],
  ])("are found from %s", async (path, prefix, expected) => {
    const { url, ask } = await serve(prefix === undefined ? {} : { prefix });
    const { status, headers } = await ask(path);
    expect([status, new URL(headers.location ?? "", url + path).pathname]).toEqual([307, expected]);
  });

  it.each(["", ...names, "symbol"])("are closed: %j", async (name) => {
    const { get } = await serve({ authorize: undefined });
    const answer = await get(`/debug/pprof/${name}`);
    expect(answer).toMatchObject({ status: 403, headers: { "x-go-pprof": "1" } });
    expect(answer.headers["www-authenticate"]).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("tell the command line as Go does", async () => {
    const { get, lines } = await serve();
    const { headers, body } = await get("/debug/pprof/cmdline");
    expect(headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    expect(lines()).toMatchObject([
      { "debug.method": "GetRuntime", "debug.http": "GET /debug/pprof/cmdline", "debug.request": {} },
    ]);
    expect(body.split("\0")).toEqual([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  });

  it("answer what tools ask for symbols", async () => {
    const { get } = await serve();
    expect((await get("/debug/pprof/symbol")).body).toBe("num_symbols: 1\n");
  });

  it("tell what the process is doing", async () => {
    const arrived = gate();
    const end = gate();
    const { get, chat } = await serve({}, "HTTP/1.1", async () => {
      arrived.open();
      await end.opened;
    });
    const said = chat("Connect over HTTP/1.1").say({ text: "a secret" });
    await arrived.opened;
    const { body } = await get("/debug/pprof/activity");
    end.open();
    await said;
    const known = body
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, "<time>")
      .replace(/ {2}\d+ {2}server/, "  <id>  server")
      .replace(/for [\d.]+s/, "for <age>")
      .replace(/last message [\d.]+s/, "last message <age>")
      .replace(/127\.0\.0\.1:\d+/, "<peer>")
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, "<request id>");
    expect(known).toContain(
      [
        "Calls: 1 on the server, 0 as a client, 0 whose client has gone",
        "  <id>  server  unary  chat.v1.ChatService/Say  for <age>  received 1  sent 0  last message <age> ago  " +
          "peer <peer>  request <request id>",
        "",
        "What keeps the event loop alive:",
      ].join("\n"),
    );
    expect(known).toMatch(/^Process \d+, Node\.js v[\d.]+, up \d+s, at <time>\n/);
    expect(known).toMatch(/\n +\d+ {2}TCPSocketWrap\n/);
    expect(known).toContain("\nStacks: none.");
    expect(known).not.toContain("secret");
  });

  it("tell how late timers ran, since the start", async () => {
    const { get } = await serve();
    const { headers, body } = await get("/debug/pprof/eventloop");
    expect(headers).toMatchObject({ "content-type": "text/plain; charset=utf-8" });
    expect(body.replaceAll(/\d[\d.]*$/gm, "<n>")).toBe(
      [
        "How late timers ran, and how busy the event loop was.",
        "",
        "watched_s        <n>",
        "utilization      <n>",
        "samples          <n>",
        "delay_mean_ms    <n>",
        "delay_p50_ms     <n>",
        "delay_p75_ms     <n>",
        "delay_p90_ms     <n>",
        "delay_p99_ms     <n>",
        "delay_p99.9_ms   <n>",
        "delay_max_ms     <n>",
        "",
      ].join("\n"),
    );
  });

  it("tell how late timers ran, from now on, as JSON", async () => {
    const { get } = await serve();
    const { headers, body } = await get("/debug/pprof/eventloop?seconds=0.2&format=json");
    expect(headers).toMatchObject({ "content-type": "application/json" });
    const report = JSON.parse(body);
    expect(report.watched_s).toBeGreaterThanOrEqual(0.2);
    expect(report.watched_s).toBeLessThan(60);
    expect(Object.values(report).every((value) => typeof value === "number" && value >= 0)).toBe(true);
  });

  it("let ten watch the event loop at a time, and forget those who leave", async () => {
    const { ask } = await serve();
    const path = "/debug/pprof/eventloop?seconds=200";
    const leave = gate();
    const watching = Array.from({ length: 10 }, () => {
      return ask(path, { leaveWhen: leave.opened }).catch(() => undefined);
    });
    let refused = await ask("/debug/pprof/eventloop?seconds=0.001");
    while (refused.status === 200) refused = await ask("/debug/pprof/eventloop?seconds=0.001");
    expect([refused.status, await textOf(refused)]).toEqual([
      429,
      "10 others watch the event loop already\n",
    ]);
    leave.open();
    await Promise.all(watching);
    let answer = await ask("/debug/pprof/eventloop?seconds=0.001");
    while (answer.status === 429) answer = await ask("/debug/pprof/eventloop?seconds=0.001");
    expect(answer.status).toBe(200);
  });
});

describe("pprofHandler", () => {
  it.each<[options: object, message: string]>([
    [
      { prefix: "/debug/pprof/" },
      'pprofHandler: prefix: expected a path that begins with / and does not end with it, got "/debug/pprof/"',
    ],
    [
      { prefix: "pprof" },
      'pprofHandler: prefix: expected a path that begins with / and does not end with it, got "pprof"',
    ],
    [
      { maxDurationMs: 0 },
      "pprofHandler: maxDurationMs: expected a number of milliseconds from 1 to 2147483647, got 0",
    ],
    [{ authorize: true }, "pprofHandler: authorize: expected a function, got true"],
    [
      { path: "/" },
      'pprofHandler: there is no option "path"; there are authorize, logger, prefix, maxDurationMs',
    ],
  ])("refuses %j", (options, message) => {
    expect(() => pprofHandler(options as PprofHandlerOptions)).toThrow(new TypeError(message));
  });
});

/** Has the profiler do something else. */
function capture(
  events: (request: ProfileRequest, signal: AbortSignal) => AsyncGenerator<ProfileEvent>,
): void {
  vi.mocked(captureProfile).mockImplementation((request, { signal }) => {
    asked.push(request);
    return events(request, signal);
  });
}

/** The handler behind others on a server. */
async function serve(
  given: { [name in keyof PprofHandlerOptions]: PprofHandlerOptions[name] | undefined } = {},
  version: HttpVersion = "HTTP/1.1",
  say: () => Promise<void> = async () => {},
) {
  const { authorize, ...rest } = { authorize: bearerToken(debugToken), ...given };
  const server = await startDebugServer({
    chat: {
      async say() {
        await say();
        return {};
      },
    },
    fallback: (logger) => {
      const options = { logger, ...(authorize && { authorize }), ...rest } as PprofHandlerOptions;
      return chain(pprofHandler(options));
    },
  });
  const ask = (path: string, { leaveWhen }: { readonly leaveWhen?: Promise<void> } = {}) => {
    const headers = { authorization: `Bearer ${debugToken}` };
    return exchange(server.url + path, { version, headers, ...(leaveWhen && { leaveWhen }) });
  };
  const get = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const sent = { authorization: `Bearer ${debugToken}`, ...headers };
    const answer = await exchange(server.url + path, { version, method, headers: sent });
    return { status: answer.status, headers: answer.headers, body: await textOf(answer) };
  };
  return { ...server, ask, get };
}

import { getEventListeners } from "node:events";
import { create } from "@bufbuild/protobuf";
import {
  type Client,
  Code,
  ConnectError,
  createContextValues,
  createHandlerContext,
} from "@connectrpc/connect";
import { diag } from "@opentelemetry/api";
import { createLogger } from "connect-clue";
import {
  type Authorize,
  bearerToken,
  DebugService,
  debugHandler,
  debugRoutes,
  pprofHandler,
  privateListener,
} from "connect-clue/debug";
import { fakeClock } from "connect-clue/fake-clock";
import { chain } from "connect-clue/node";
import { type TestContext, testLogger } from "connect-clue/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type DebugClientOptions, debugToken, startDebugServer } from "../../test/support/debug-server.js";
import { exchange } from "../../test/support/http-exchange.js";
import type { ClientWay } from "../../test/support/node-server.js";
import { until } from "../../test/support/until.js";
import { Gate } from "./gate.js";
import { viewerStats } from "./tail-logs.js";

const ways: readonly ClientWay[] = ["gRPC", "gRPC-Web", "Connect over HTTP/2", "Connect over HTTP/1.1"];

const usable = "usable";
const closed =
  "[permission_denied] closed until it is told who may use it: debugRoutes({ authorize: bearerToken(…) })";
const refused = "[permission_denied] you may not use the debug service";

afterEach(() => void vi.restoreAllMocks());

describe("who may use the debug service", () => {
  it.each<
    [name: string, authorize: (() => Authorize) | undefined, client: DebugClientOptions, expected: string]
  >([
    ["no authorize, no token", undefined, { token: undefined }, closed],
    ["no authorize, some token", undefined, {}, closed],
    ["no authorize, private listener", undefined, { isPrivate: true }, closed],
    ["a token, none sent", () => bearerToken(debugToken), { token: undefined }, refused],
    ["a token, the right one sent", () => bearerToken(debugToken), {}, usable],
    ["a token, another one sent", () => bearerToken(debugToken), { token: `${debugToken}r` }, refused],
    [
      "a token, the beginning of it sent",
      () => bearerToken(debugToken),
      { token: debugToken.slice(0, -1) },
      refused,
    ],
    ["a token, an empty one sent", () => bearerToken(debugToken), { token: "" }, refused],
    ["an unset token, none sent", () => bearerToken(undefined), { token: undefined }, refused],
    ["an unset token, `undefined` sent", () => bearerToken(undefined), { token: "undefined" }, refused],
    ["an empty token, an empty one sent", () => bearerToken(""), { token: "" }, refused],
    ["an empty token, some token sent", () => bearerToken(""), {}, refused],
    ["the private listener", () => privateListener(), { isPrivate: true, token: undefined }, usable],
    ["the private listener, from the public one", () => privateListener(), {}, refused],
    ["a function that names somebody", () => () => "ann", { token: undefined }, usable],
    ["a function that promises somebody", () => async () => "ann", { token: undefined }, usable],
    ["a function that says false", () => () => false, {}, refused],
    ["a function that promises false", () => async () => false as const, {}, refused],
    ["a function that names nobody", () => () => "", {}, refused],
    ["a function that says true", () => (() => true) as never, {}, refused],
    ["a function that returns nothing", () => (() => {}) as never, {}, refused],
    ["a function that throws", () => () => fail(), {}, refused],
    ["a function that rejects", () => async () => fail(), {}, refused],
  ])("%s", async (_, authorize, client, expected) => {
    vi.spyOn(diag, "warn").mockReturnValue();
    vi.spyOn(diag, "error").mockReturnValue();
    const server = await startDebugServer({ debug: authorize ? { authorize: authorize() } : {} });
    expect(await answersOf(server.debug(client))).toEqual(Array(7).fill(expected));
  });

  it.each(ways)("is asked in the same way by %s", async (way) => {
    const server = await startDebugServer();
    expect(await answersOf(server.debug({ way }))).toEqual(Array(7).fill(usable));
    expect(await answersOf(server.debug({ way, token: "wrong" }))).toEqual(Array(7).fill(refused));
  });

  it("may differ from method to method", async () => {
    const authorize: Authorize = ({ method }) => method === DebugService.method.getRuntime && "ann";
    const server = await startDebugServer({ debug: { authorize } });
    const answers = await answersOf(server.debug());
    expect(answers.map((answer) => answer === usable)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});

describe("bearerToken", () => {
  const name = (authorization: string) => bearerToken("s€cret:x")(contextOf({ authorization }));
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

  it("takes the token as Bearer, and as the password of Basic", () => {
    const headers = [
      basic("ann:s€cret:x"),
      basic(":s€cret:x"),
      basic("ann:s€cret:X"),
      basic("s€cret:x"),
      basic(""),
      "Basic !",
      "Basic",
    ];
    expect(headers.map(name)).toEqual(["ann (token)", "bearer token", false, false, false, false, false]);
  });

  it("takes the scheme in any case, and no other scheme", () => {
    const token = bearerToken("t");
    const is = (authorization: string) =>
      token({ requestHeader: new Headers({ authorization }) } as Parameters<Authorize>[0]);
    expect(
      ["Bearer t", "bearer  t", "BEARER t ", "Token t", "t", "Bearer", "Bearer t t", "Bearert"].map(is),
    ).toEqual(["bearer token", "bearer token", "bearer token", false, false, false, false, false]);
    expect(is(`Bearer ${" ".repeat(8192)}t`)).toBe(false);
  });

  it("ignores the white space around a token, and says so", () => {
    const warn = vi.spyOn(diag, "warn").mockReturnValue();
    const authorize = bearerToken("\ta token\r\n");
    const sent = ["Bearer a token", basic("ann:a token"), basic("ann:a token\n"), "Bearer a  token"];
    expect(sent.map((authorization) => authorize(contextOf({ authorization })))).toEqual([
      "bearer token",
      "ann (token)",
      "ann (token)",
      false,
    ]);
    expect(warn.mock.calls).toEqual([
      ["connect-clue: bearerToken: the white space around the token is ignored"],
    ]);
  });

  it("takes a token of 4000 characters, both ways, and no longer one", () => {
    const token = "t".repeat(4000);
    const authorize = bearerToken(token);
    const sent = [`Bearer ${token}`, basic(`ann:${token}`)];
    expect(sent.map((authorization) => authorize(contextOf({ authorization })))).toEqual([
      "bearer token",
      "ann (token)",
    ]);
    expect(() => bearerToken(`${token}t`)).toThrow(
      new TypeError("bearerToken: expected at most 4000 characters, got 4001"),
    );
  });

  it.each([undefined, "", " \n"])("lets nobody in, and says so once, when it is %j", (token) => {
    const warn = vi.spyOn(diag, "warn").mockReturnValue();
    const authorize = bearerToken(token);
    const context = { requestHeader: new Headers({ authorization: "Bearer " }) } as Parameters<Authorize>[0];
    expect([authorize(context), authorize(context)]).toEqual([false, false]);
    expect(warn.mock.calls).toEqual([
      ["connect-clue: bearerToken has no token: the debug service is closed"],
    ]);
  });

  it("wants a text", () => {
    expect(() => bearerToken(1 as never)).toThrow(new TypeError("bearerToken: expected a text, got 1"));
  });
});

describe("privateListener", () => {
  it("says once what is missing when it cannot know the listener", () => {
    const warn = vi.spyOn(diag, "warn").mockReturnValue();
    const authorize = privateListener();
    expect([authorize(contextOf({})), authorize(contextOf({}))]).toEqual([false, false]);
    expect(warn.mock.calls).toEqual([
      [
        "connect-clue: privateListener cannot know the listener of a call: the adapter needs contextValues: nodeContextValues",
      ],
    ]);
  });

  it("says nothing when it knows", async () => {
    const warn = vi.spyOn(diag, "warn").mockReturnValue();
    const server = await startDebugServer({ debug: { authorize: privateListener() } });
    expect(await code(server.debug().getRuntime({}))).toBe("permission_denied");
    expect(warn.mock.calls).toEqual([]);
  });
});

describe("an authorize that does not answer", () => {
  const hang = (test: TestContext) => {
    const clock = fakeClock({ test });
    let fail = (_: Error): void => {};
    const answer = new Promise<string>((_, reject) => {
      fail = reject;
    });
    const logger = testLogger();
    const gate = new Gate({ authorize: () => answer, logger }, "debugRoutes");
    const client = new AbortController();
    const context = { ...contextOf({}), signal: client.signal };
    const listeners = () => getEventListeners(client.signal, "abort").length;
    const outcome = code(gate.admit(context, create(DebugService.method.getRuntime.input)));
    const left = () => ({ timers: clock.timers, listeners: listeners() });
    return { clock, outcome, client, fail, left, lines: () => logger.lines() };
  };
  const line = {
    time: "<time>",
    level: "warn",
    msg: "debug service refused",
    "debug.reason": "authorize did not answer",
    "debug.method": "GetRuntime",
  };
  const nothing = { timers: 0, listeners: 0 };

  it("counts as a refusal after 10 seconds", async (t) => {
    const { clock, outcome, left, lines } = hang(t);
    await clock.advance(9999);
    expect([lines(), left()]).toEqual([[], { timers: 1, listeners: 1 }]);
    await clock.advance(1);
    expect([await outcome, lines(), left()]).toEqual(["permission_denied", [line], nothing]);
  });

  it("counts as a refusal when the client leaves", async (t) => {
    const { outcome, client, left, lines } = hang(t);
    client.abort();
    expect([await outcome, lines(), left()]).toEqual(["permission_denied", [line], nothing]);
  });

  it("may fail later without anybody hearing of it", async (t) => {
    const error = vi.spyOn(diag, "error").mockReturnValue();
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { outcome, client, fail } = hang(t);
    client.abort();
    await outcome;
    fail(new Error("too late"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unhandled);
    expect([error.mock.calls, unhandled.mock.calls]).toEqual([[], []]);
  });

  it("leaves nothing behind when it answers in time", async (t) => {
    vi.spyOn(diag, "error").mockReturnValue();
    const { outcome, fail, left, lines } = hang(t);
    fail(new Error("no"));
    expect([await outcome, lines(), left()]).toEqual([
      "permission_denied",
      [{ ...line, "debug.reason": "not allowed" }],
      nothing,
    ]);
  });
});

describe("the audit", () => {
  it("has one line for each use, with who and what, and nothing else is logged", async () => {
    const authorize: Authorize = ({ requestHeader }) => requestHeader.has("x-user") && "ann\n\u001b[31m";
    const server = await startDebugServer({
      debug: { authorize },
      interceptor: { log: { access: "always" } },
    });
    const headers = { "x-user": "ann" };
    const debug = server.debug({ token: undefined });
    await debug.setDebugLogs({ enabled: true, headers: { "x-secret": "s3cr3t" } }, { headers });
    await debug.getDebugLogs({}, { headers });
    await debug.flushCall({ id: 77n }, { headers }).catch(() => {});
    await debug.listCalls({}).catch(() => {});
    const used = {
      time: "<time>",
      level: "info",
      msg: "debug service used",
      "debug.user": "ann\n\u001b[31m",
    };
    const peer = { "rpc.peer": "127.0.0.1:<port>" };
    expect(server.lines()).toEqual([
      {
        ...used,
        "debug.method": "SetDebugLogs",
        ...peer,
        "debug.request": { enabled: true, headers: "[redacted]" },
      },
      { ...used, "debug.method": "GetDebugLogs", ...peer, "debug.request": {} },
      { ...used, "debug.method": "FlushCall", ...peer, "debug.request": { id: "77" } },
      {
        time: "<time>",
        level: "warn",
        msg: "debug service refused",
        "debug.reason": "not allowed",
        "debug.method": "ListCalls",
        ...peer,
      },
    ]);
  });

  it("goes to the root logger, as it is then, where no logger is given", async () => {
    const server = await startDebugServer({ debug: { authorize: () => "ann", logger: undefined as never } });
    let text = "";
    createLogger({ format: "text", sink: { write: (line: string) => (text += line) }, default: true });
    await server.debug().getRuntime({});
    expect(text).toMatch(
      /^time=\S+ level=info msg="debug service used" debug\.user=ann debug\.method=GetRuntime /,
    );
  });
});

describe("the rate", () => {
  it("lets bursts of 20 pass, and five uses a second after that", async (t) => {
    const clock = fakeClock({ test: t });
    const server = await startDebugServer();
    const debug = server.debug();
    const burst = () => Promise.all(Array.from({ length: 25 }, () => code(debug.getDebugLogs({}))));
    expect(tally(await burst())).toEqual({ ok: 20, resource_exhausted: 5 });
    await clock.advance(1000);
    expect(tally(await burst())).toEqual({ ok: 5, resource_exhausted: 20 });
    await clock.advance(60_000);
    expect(tally(await burst())).toEqual({ ok: 20, resource_exhausted: 5 });
    const uses = server.lines().filter(({ msg }) => msg === "debug service used");
    expect(uses).toHaveLength(45);
  });

  it("is one for all that have the same authorize", async (t) => {
    const clock = fakeClock({ test: t });
    const authorize: Authorize = ({ requestHeader }) => requestHeader.has("x-user") && "ann";
    const { url, debug, lines } = await startDebugServer({
      debug: { authorize },
      fallback: (logger) => chain(debugHandler({ authorize, logger }), pprofHandler({ authorize, logger })),
    });
    const rpc = debug();
    const ask = async (headers: Record<string, string>) => {
      const get = (path: string) => exchange(url + path, { version: "HTTP/1.1", headers });
      const asked = Array.from({ length: 10 }, () => [
        code(rpc.getRuntime({}, { headers })),
        get("/debug").then(({ status }) => `${status}`),
        get("/debug/pprof/symbol").then(({ status }) => `${status}`),
      ]);
      return tally(await Promise.all(asked.flat()));
    };
    const used = await ask({ "x-user": "ann" });
    expect((used.ok ?? 0) + (used["200"] ?? 0)).toBe(20);
    expect((used.resource_exhausted ?? 0) + (used["429"] ?? 0)).toBe(10);
    await clock.advance(60_000);
    const before = lines().length;
    expect(await ask({})).toEqual({ permission_denied: 10, 401: 20 });
    expect(lines().length - before).toBe(20);
  });

  it("is not used up by those who may not: 100 hostile calls at once are refused, and cost 20 lines", async (t) => {
    const clock = fakeClock({ test: t });
    const server = await startDebugServer();
    const hostile = ways.flatMap((way) => {
      const debug = server.debug({ way, token: "x".repeat(5000) });
      return Array.from({ length: 25 }, () =>
        code(debug.setDebugLogs({ enabled: true, method: "*".repeat(9999) })),
      );
    });
    expect(tally(await Promise.all(hostile))).toEqual({ permission_denied: 100 });
    expect(tally(server.story())).toEqual({ "warn debug service refused": 20 });
    expect((await server.debug().getDebugLogs({})).rules).toEqual([]);
    await clock.advance(1000);
    await code(server.debug({ token: "wrong" }).getRuntime({}));
    expect(server.lines().at(-1)).toMatchObject({
      "debug.reason": "not allowed",
      "debug.refusals_unwritten": 80,
    });
  });
});

describe("debugRoutes", () => {
  it.each<[options: object, message: string]>([
    [
      { autorize: () => "x" },
      'debugRoutes: there is no option "autorize"; there are authorize, logger, ttlMs, maxTtlMs, maxProfileMs',
    ],
    [{ authorize: "token" }, 'debugRoutes: authorize: expected a function, got "token"'],
    [{ logger: console }, "debugRoutes: logger: expected a logger made by createLogger(), got an object"],
    [
      { ttlMs: 0 },
      "debugRoutes: ttlMs: expected a number of milliseconds from 1 to maxTtlMs, 86400000, got 0",
    ],
    [
      { ttlMs: 2000, maxTtlMs: 1000 },
      "debugRoutes: ttlMs: expected a number of milliseconds from 1 to maxTtlMs, 1000, got 2000",
    ],
    [
      { maxTtlMs: "1h" },
      'debugRoutes: maxTtlMs: expected a number of milliseconds from 1 to 2147483647, got "1h"',
    ],
    [
      { maxProfileMs: -1 },
      "debugRoutes: maxProfileMs: expected a number of milliseconds from 1 to 2147483647, got -1",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => debugRoutes(options)).toThrow(new TypeError(message));
  });

  it("has a default for rules that fits a short maximum", () => {
    expect(() => debugRoutes({ maxTtlMs: 1000 })).not.toThrow();
  });
});

/** What an authorize function is asked about. */
function contextOf(requestHeader: Record<string, string>) {
  return createHandlerContext({
    service: DebugService,
    method: DebugService.method.getRuntime,
    protocolName: "connect",
    requestMethod: "POST",
    url: "http://localhost",
    requestHeader,
    contextValues: createContextValues(),
  });
}

/** What each method answers, in the order of the proto file: `usable`, or the refusal. */
async function answersOf(debug: Client<typeof DebugService>) {
  const first = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream) break;
  };
  const answers = [
    debug.getDebugLogs({}),
    debug.setDebugLogs({ enabled: false }),
    debug.listCalls({}),
    tailed(debug),
    debug.flushCall({ id: 1n }),
    first(debug.captureProfile({})),
    debug.getRuntime({}),
  ];
  return Promise.all(answers.map((answer) => answer.then(() => usable, answerOf)));
}

/** Watches the log for as long as it takes to be let in. */
async function tailed(debug: Client<typeof DebugService>): Promise<void> {
  const leave = new AbortController();
  const before = viewerStats().viewers;
  let error: unknown;
  const stream = debug.tailLogs({}, { signal: leave.signal })[Symbol.asyncIterator]();
  const next = stream.next().catch((reason: unknown) => {
    error = reason;
  });
  await until(() => error !== undefined || viewerStats().viewers > before);
  leave.abort();
  await next;
  if (error !== undefined) throw error;
}

/** Whatever is not a refusal comes from behind the gate. */
function answerOf(error: unknown): string {
  return ConnectError.from(error).code === Code.PermissionDenied ? ConnectError.from(error).message : usable;
}

function code(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => "ok",
    (error: unknown) => /\[(\w+)]/.exec(ConnectError.from(error).message)?.[1] ?? "?",
  );
}

function tally(items: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}

function fail(): never {
  throw new Error("no answer");
}

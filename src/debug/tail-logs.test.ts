import { request } from "node:http";
import { connect, constants } from "node:http2";
import { create, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type HandlerContext } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { createLogger, logger, type RootLogger } from "connect-clue";
import { DebugService } from "connect-clue/debug";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  LogLineSchema,
  Severity,
  TailLogsRequestSchema,
  type TailLogsResponse,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { debugToken, startDebugServer, withToken } from "../../test/support/debug-server.js";
import { type Gate, gate } from "../../test/support/gate.js";
import { expectNothingInFlight } from "../../test/support/nothing-in-flight.js";
import { until } from "../../test/support/until.js";
import { bufferUse } from "../log/live.js";
import { tailLogs, viewerStats } from "./tail-logs.js";

describe("TailLogs", () => {
  it("streams lines as they are written, with all that they have", async () => {
    const server = await startDebugServer({
      chat: {
        say({ text }, context) {
          logger(context).warn("odd", {
            text,
            n: 2n,
            list: [1, Number.NaN, new Date(0)],
            o: { a: { b: null } },
            t: true,
          });
          throw new Error("failed");
        },
      },
    });
    const tail = await follow(server.debug());
    await server
      .chat()
      .say({ text: "\u001b[31mred\n" })
      .catch(() => {});
    server.log.print("outside", { __proto__: 1, bytes: new Uint8Array([1, 2]) });
    const lines = await tail.take(4);
    const call = {
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      "rpc.service": "chat.v1.ChatService",
      "rpc.method": "Say",
    };
    const callId = expect.stringMatching(/^\d+$/);
    const time = expect.stringMatching(/Z$/);
    expect(lines).toEqual([
      {
        time,
        severity: "INFO",
        message: "start",
        callId,
        fields: {
          "rpc.side": "server",
          "rpc.kind": "unary",
          "rpc.protocol": "grpc",
          "rpc.peer": expect.stringMatching(/^127\.0\.0\.1:\d+$/),
          ...call,
        },
      },
      {
        time,
        severity: "WARN",
        message: "odd",
        callId,
        fields: {
          text: "\u001b[31mred\n",
          n: "2",
          list: [1, "NaN", "1970-01-01T00:00:00.000Z"],
          o: { a: { b: null } },
          t: true,
          ...call,
        },
      },
      expect.objectContaining({ severity: "ERROR", message: "end" }),
      { time, severity: "INFO", message: "outside", fields: { bytes: "<2 bytes> 0102" } },
    ]);
    await tail.leave();
  });

  it("shows the lines of every logger, and audit lines, but nothing of its own call", async () => {
    const server = await startDebugServer({ interceptor: { log: { access: "always" } } });
    await server.debug().setDebugLogs({ enabled: true });
    const tail = await follow(server.debug());
    const other = createLogger({ sink: { write: () => {} } });
    other.print("other");
    await server.debug().getRuntime({});
    server.log.print("last");
    expect((await tail.take(3)).map(({ message }) => message)).toEqual([
      "other",
      "debug service used",
      "last",
    ]);
    await tail.leave();
  });

  it.each<[request: Filter, expected: string[]]>([
    [{}, ["DEBUG d", "INFO i", "WARN w", "ERROR e", "INFO said"]],
    [{ severity: Severity.DEBUG }, ["DEBUG d", "INFO i", "WARN w", "ERROR e", "INFO said"]],
    [{ severity: Severity.WARN }, ["WARN w", "ERROR e"]],
    [{ severity: Severity.ERROR }, ["ERROR e"]],
    [{ method: "chat.v1.*" }, ["INFO said"]],
    [{ method: "*Chat" }, []],
  ])("%j chooses lines", async (request, expected) => {
    const server = await startDebugServer({
      chat: { say: (_, context) => print(context, "said") },
    });
    const tail = watch(request);
    tail.start();
    server.log.setDebug(true);
    server.log.debug("d");
    server.log.setDebug(false);
    server.log.info("i");
    server.log.warn("w");
    server.log.error(new Error("e"), "e");
    await server.chat().say({});
    expect(await tail.rest()).toEqual(expected);
    await tail.leave();
  });

  it("shows held lines once: those that were there, and those that come", async () => {
    const go: Gate[] = [gate(), gate()];
    const server = await startDebugServer({
      chat: {
        async say({ text }, context) {
          const log = logger(context);
          log.info(`${text} 1`);
          await go[0]?.opened;
          log.info(`${text} 2`);
          await go[1]?.opened;
          if (text === "bad") log.error(undefined, `${text} 3`);
          return {};
        },
      },
    });
    const calls = ["good", "bad"].map((text) => server.chat().say({ text }));
    await until(() => server.lines().length === 0 && bufferUse().lines === 2);
    const tail = watch({ includeBuffered: true, method: "chat.*" });
    const plain = watch({ method: "chat.*" });
    tail.start();
    plain.start();
    go[0]?.open();
    await until(() => bufferUse().lines === 4);
    go[1]?.open();
    await Promise.all(calls);
    expect(await tail.rest()).toEqual([
      "INFO good 1 (held)",
      "INFO bad 1 (held)",
      "INFO good 2 (held)",
      "INFO bad 2 (held)",
      "INFO start",
      "ERROR bad 3",
      "INFO end",
    ]);
    expect(await plain.rest()).toEqual(["INFO start", "INFO bad 1", "INFO bad 2", "ERROR bad 3", "INFO end"]);
    await tail.leave();
    await plain.leave();
    await expectNothingInFlight();
  });

  it("sends what is no text as text", async () => {
    const server = await startDebugServer();
    const transport = createConnectTransport({
      baseUrl: server.url,
      httpVersion: "1.1",
      useBinaryFormat: false,
      interceptors: [withToken(debugToken)],
    });
    const tail = await follow(createClient(DebugService, transport));
    server.log.print("half \ud83d", {
      "k\ude00": "\ud83d",
      list: ["\udc00!"],
      object: { "\ud83d": ["\ud83d\ude00", "\ude00"] },
    });
    const [line] = await tail.take(1);
    expect(line).toMatchObject({
      message: "half \ufffd",
      fields: { "k\ufffd": "\ufffd", list: ["\ufffd!"], object: { "\ufffd": ["\ud83d\ude00", "\ufffd"] } },
    });
    await tail.leave();
  });

  it("knows four severities", async () => {
    const tail = watch({ severity: 77 as Severity });
    await expect(tail.next()).rejects.toThrow(
      "[invalid_argument] severity: expected DEBUG, INFO, WARN or ERROR, got 77",
    );
  });

  it("ends with its client, and is forgotten", async () => {
    const server = await startDebugServer();
    const before = viewerStats().viewers;
    const leave = new AbortController();
    const stream = server.debug().tailLogs({}, { signal: leave.signal })[Symbol.asyncIterator]();
    const ended = stream.next().catch(ConnectError.from);
    await until(() => viewerStats().viewers === before + 1);
    leave.abort();
    expect(await ended).toMatchObject({ message: "[canceled] This operation was aborted" });
    await until(() => viewerStats().viewers === before);
  });
});

it("ends with the reason of the server's shutdown", async () => {
  const shutdown = new AbortController();
  const tail = tailLogs(create(TailLogsRequestSchema), shutdown.signal);
  const next = tail.next();
  shutdown.abort(new ConnectError("server is shutting down", Code.Unavailable));
  await expect(next).rejects.toThrow("[unavailable] server is shutting down");
  expect(viewerStats().viewers).toBe(0);
  const late = tailLogs(create(TailLogsRequestSchema), shutdown.signal);
  await expect(late.next()).rejects.toThrow("[unavailable] server is shutting down");
});

describe("viewers that do not read", () => {
  it("lose lines, and are told how many and where; nobody waits for them", async () => {
    const log = quiet();
    const tail = watch();
    const first = tail.next();
    log.print("0");
    expect(await first).toBe("INFO 0");
    for (let i = 1; i <= 1500; i++) log.print(String(i));
    const lines: string[] = [];
    for (let i = 1; i <= 1001; i++) lines.push(await tail.next());
    expect(lines).toEqual([...Array.from({ length: 1000 }, (_, i) => `INFO ${i + 1}`), "lost 500"]);
    const next = tail.next();
    log.print("after");
    expect(await next).toBe("INFO after");
    await tail.leave();
  });

  it("hold a megabyte at most", async () => {
    const log = quiet(100_000);
    const tail = watch();
    const first = tail.next();
    log.print("0");
    await first;
    for (let i = 1; i <= 20; i++) log.print(`${i}${"x".repeat(100_000)}`);
    const lines: string[] = [];
    for (let i = 0; i < 11; i++) lines.push((await tail.next()).replace(/x+.*/, ""));
    expect(lines.at(-1)).toBe("lost 10");
    expect(lines.slice(0, -1)).toEqual(Array.from({ length: 10 }, (_, i) => `INFO ${i + 1}`));
    await tail.leave();
  });

  it("are 100 at most, hold nobody up, and each has its own losses", async () => {
    const server = await startDebugServer({
      chat: { say: ({ text }, context) => print(context, text) },
    });
    const log = quiet();
    const before = viewerStats();
    const tails = Array.from({ length: 100 }, () => watch());
    const firsts = tails.map((tail) => tail.next());
    log.print("first");
    await Promise.all(firsts);
    await expect(watch().next()).rejects.toThrow("[resource_exhausted] 100 others watch the log already");
    const chat = server.chat();
    for (let i = 0; i < 50; i++) await chat.say({ text: "x" });
    for (let i = 0; i < 1200; i++) log.print("flood");
    expect(viewerStats()).toEqual({ viewers: before.viewers + 100, linesLost: before.linesLost + 250 * 100 });
    expect(await tails[99]?.next()).toBe("INFO x");
    await Promise.all(tails.map((tail) => tail.leave()));
    expect(viewerStats().viewers).toBe(before.viewers);
  });

  it.each<[name: string, watch: (url: string) => () => void]>([
    ["HTTP/1.1", pausedOverHttp1],
    ["HTTP/2", pausedOverHttp2],
  ])("are forgotten when they go without having read: %s", async (_, watchBlocked) => {
    const server = await startDebugServer();
    const leave = watchBlocked(server.url);
    await until(() => viewerStats().viewers === 1);
    const { linesLost } = viewerStats();
    const value = "x".repeat(1000);
    while (viewerStats().linesLost === linesLost) {
      for (let i = 0; i < 500; i++) server.log.print("flood", { value });
      await turns(1);
    }
    leave();
    await until(() => viewerStats().viewers === 0);
    const lost = viewerStats().linesLost;
    server.log.print("flood");
    expect(viewerStats()).toEqual({ viewers: 0, linesLost: lost });
  });

  it("over a socket: a client that stops reading stops nobody else", { timeout: 60_000 }, async () => {
    const server = await startDebugServer();
    const before = viewerStats();
    const blocked = server.debug({ way: "gRPC" }).tailLogs({})[Symbol.asyncIterator]();
    const blockedFirst = blocked.next();
    await until(() => viewerStats().viewers === before.viewers + 1);
    server.log.print("first");
    await blockedFirst;
    const value = "x".repeat(1000);
    while (viewerStats().linesLost === before.linesLost) {
      for (let i = 0; i < 500; i++) server.log.print("flood", { value });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const reader = await follow(server.debug(), { severity: Severity.WARN });
    server.log.warn("still here");
    expect((await reader.take(1)).map(({ message }) => message)).toEqual(["still here"]);
    let lost = 0n;
    while (lost === 0n) {
      const { value } = await blocked.next();
      if (value?.event.case === "lost") lost = value.event.value;
    }
    expect(lost).toBe(BigInt(viewerStats().linesLost - before.linesLost));
    await blocked.return?.();
    await reader.leave();
  });
});

type Filter = MessageInitShape<typeof TailLogsRequestSchema>;

/** Somebody who reads the tail of a server over a socket. */
async function follow(debug: Client<typeof DebugService>, request: Filter = {}) {
  const before = viewerStats().viewers;
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  const stream = debug.tailLogs(request, { signal: leave.signal })[Symbol.asyncIterator]();
  let next = stream.next();
  await until(() => viewerStats().viewers > before);
  return {
    /** The next lines, as JSON. */
    async take(count: number) {
      const lines: Record<string, unknown>[] = [];
      for (let i = 0; i < count; i++) {
        const { value } = await next;
        next = stream.next();
        lines.push(json(value));
      }
      next.catch(() => {});
      return lines;
    },
    async leave() {
      leave.abort();
      await until(() => viewerStats().viewers === before);
    },
  };
}

/** Somebody who reads the tail without a socket, one answer at a time. */
function watch(request: Filter = {}) {
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  const stream = tailLogs(create(TailLogsRequestSchema, request), leave.signal);
  let pending: Promise<string> | undefined;
  const next = async () => brief((await stream.next()).value);
  return {
    next,
    /** Begins to watch; what comes first is read by `rest`. */
    start() {
      pending = next();
      pending.catch(() => {});
    },
    /** All that there is to read: what comes within some turns of the event loop. */
    async rest(): Promise<string[]> {
      const answers: string[] = [];
      for (;;) {
        const answer = await Promise.race([pending ?? next(), turns(5)]);
        if (answer === undefined) return answers;
        answers.push(answer);
        this.start();
      }
    },
    async leave() {
      leave.abort(new ConnectError("left"));
      await pending?.catch(() => {});
      await stream.next().catch(() => {});
    },
  };
}

function print(context: HandlerContext, text: string): { text: string } {
  logger(context).print(text);
  return { text };
}

/** The body of an empty request, as gRPC and Connect's streams frame it. */
const emptyFrame = Buffer.alloc(5);
const authorization = `Bearer ${debugToken}`;
const tailPath = "/clue.debug.v1.DebugService/TailLogs";

/** Begins to watch the log, and reads nothing. Gives what ends that, without a word. */
function pausedOverHttp1(url: string): () => void {
  const headers = {
    "content-type": "application/connect+proto",
    "connect-protocol-version": "1",
    authorization,
  };
  const sent = request(url + tailPath, { method: "POST", headers, agent: false }, (response) => {
    response.pause().on("error", () => {});
  });
  sent.on("error", () => {}).end(emptyFrame);
  return () => sent.destroy();
}

function pausedOverHttp2(url: string): () => void {
  const session = connect(url);
  onTestFinished(() => session.destroy());
  const headers = { ":method": "POST", ":path": tailPath, "content-type": "application/grpc", authorization };
  const stream = session.request({ ...headers, te: "trailers" });
  stream.pause().on("error", () => {});
  stream.end(emptyFrame);
  return () => stream.close(constants.NGHTTP2_CANCEL);
}

async function turns(count: number): Promise<undefined> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

function json(response: TailLogsResponse | undefined): Record<string, unknown> {
  if (response?.event.case !== "line") throw new Error(`no line, but ${response?.event.case}`);
  return toJson(LogLineSchema, response.event.value) as Record<string, unknown>;
}

/** `INFO start`, `INFO start (held)`, `lost 5`. */
function brief(response: TailLogsResponse | undefined): string {
  if (response?.event.case !== "line") return `lost ${response?.event.value}`;
  const { severity, message, buffered } = response.event.value;
  return `${Severity[severity]} ${message}${buffered ? " (held)" : ""}`;
}

/** A logger that only the tail hears. */
function quiet(maxSize = 1024): RootLogger {
  return createLogger({ sink: { write: () => {} }, maxSize });
}

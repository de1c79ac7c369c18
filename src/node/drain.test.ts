import { getEventListeners } from "node:events";
import { ConnectError } from "@connectrpc/connect";
import { diag } from "@opentelemetry/api";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { type LogLine, testLogger } from "connect-clue/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DrainOptions, drain, drainOnSignals } from "./index.js";
import type { NodeServer, RequestInFlight } from "./node-server.js";

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ now: 0, test: t });
});

describe("drain", () => {
  it("goes step by step", async () => {
    const { options, steps, lines, server } = setUp();
    server.requests = [chat, say];
    const drained = drain({ ...options, closeAfterMs: 100, noticeAfterMs: 200, graceMs: 1000 });
    await clock.advance(450);
    server.end();
    await clock.advance(0);

    expect(await drained).toEqual({ cutOff: [], durationMs: 450, exitCode: 0 });
    expect(steps).toEqual([
      "0: checker.shutdown",
      "100: server.close",
      "300: notice: [unavailable] server is shutting down",
      "450: onDrained",
      "450: telemetry.shutdown",
      "450: flush",
    ]);
    expect(lines()).toEqual([
      { msg: "draining", "drain.in_flight": 2, "drain.grace_ms": 1000 },
      { msg: "drained", "drain.time_ms": 450, "drain.cut_off": 0, exit_code: 0 },
    ]);
  });

  it("leaves no timer behind", async () => {
    const { options, server } = setUp();
    server.end();
    await drain(options);
    expect(clock.timers).toBe(0);
  });

  it("gives no notice to calls that end in time, but to what else goes by the signal", async () => {
    const { options, steps, server } = setUp();
    const drained = drain(options);
    await clock.advance(999);
    server.end();
    await drained;
    expect(steps).toEqual([
      "0: checker.shutdown",
      "0: server.close",
      "999: notice: [unavailable] server is shutting down",
      "999: onDrained",
      "999: telemetry.shutdown",
      "999: flush",
    ]);
  });

  it("cuts off what does not end, and tells what it was", async () => {
    const { options, steps, lines, server } = setUp();
    server.requests = [chat, say];
    const drained = drain(options);
    await clock.advance(10_100);
    expect(await drained).toEqual({ cutOff: [chat, say], durationMs: 10_100, exitCode: 1 });
    expect(steps).toEqual([
      "0: checker.shutdown",
      "0: server.close",
      "1000: notice: [unavailable] server is shutting down",
      "10000: server.destroy",
      "10100: onDrained",
      "10100: telemetry.shutdown",
      "10100: flush",
    ]);
    expect(lines()).toEqual([
      { msg: "draining", "drain.in_flight": 2, "drain.grace_ms": 10_000 },
      {
        level: "warn",
        msg: "requests were cut off",
        "drain.requests": ["POST /chat.v1.ChatService/Chat (70 s)", "GET /slow (10 s)"],
      },
      { msg: "drained", "drain.time_ms": 10_100, "drain.cut_off": 2, exit_code: 1 },
    ]);
  });

  it("names twenty of those that it cuts off, and counts them all", async () => {
    const { options, lines, server } = setUp();
    server.requests = Array.from({ length: 1000 }, () => say);
    const drained = drain({ ...options, graceMs: 0 });
    await clock.advance(100);
    await drained;
    const [, told, end] = lines();
    expect(told?.["drain.requests"]).toHaveLength(20);
    expect(end).toMatchObject({ "drain.cut_off": 1000 });
  });

  it("goes on when a step fails or hangs", async () => {
    const { options, lines, server } = setUp();
    const checker = {
      shutdown() {
        throw new Error("no checker");
      },
    };
    const telemetry = { shutdown: () => Promise.reject(new Error("no collector")) };
    server.end();
    const drained = drain({
      ...options,
      checker,
      telemetry,
      onDrained: () => new Promise(() => {}),
      flushMs: 300,
    });
    await clock.advance(300);
    expect(await drained).toMatchObject({ exitCode: 0 });
    expect(lines()).toEqual([
      { msg: "draining", "drain.in_flight": 0, "drain.grace_ms": 10_000 },
      {
        level: "error",
        msg: "the checker could not be shut down",
        err: "no checker",
        "err.stack": "<stack>",
      },
      { msg: "drained", "drain.time_ms": 0, "drain.cut_off": 0, exit_code: 0 },
      { level: "warn", msg: "onDrained took longer than 300 ms" },
      {
        level: "error",
        msg: "the shutdown of telemetry failed",
        err: "no collector",
        "err.stack": "<stack>",
      },
    ]);
  });

  it("gives the notice when calls are cut off, if not before", async () => {
    const { options, steps, server } = setUp();
    server.requests = [chat];
    const drained = drain({ ...options, graceMs: 50 });
    await clock.advance(150);
    await drained;
    expect(steps.slice(0, 4)).toEqual([
      "0: checker.shutdown",
      "0: server.close",
      "50: notice: [unavailable] server is shutting down",
      "50: server.destroy",
    ]);
  });

  it("waits for no checker, and for no server that says it is gone and is not", async () => {
    const { options, server } = setUp();
    server.destroy = () => [];
    const checker = { shutdown: () => new Promise<never>(() => {}) };
    const drained = drain({ ...options, checker, graceMs: 50 });
    await clock.advance(1050);
    expect(await drained).toEqual({ cutOff: [], durationMs: 1050, exitCode: 0 });
  });

  it("is not stopped by its logger, and reports that once", async () => {
    const { options, server } = setUp();
    const error = vi.fn();
    diag.setLogger({ error, warn() {}, info() {}, debug() {}, verbose() {} });
    const broken = () => {
      throw new Error("no disk");
    };
    const logger = { ...options.logger, print: broken, warn: broken, error: broken, flush: broken };
    server.end();
    expect(await drain({ ...options, logger })).toMatchObject({ exitCode: 0 });
    diag.disable();
    expect(error.mock.calls.map(([text]) => text)).toEqual([
      "connect-clue: the logger of a drain failed; the call is not affected, and this is reported once",
    ]);
  });

  it("needs no more than a server", async () => {
    const { options, server } = setUp();
    server.end();
    const { logger } = options;
    expect(await drain({ server, logger })).toEqual({ cutOff: [], durationMs: 0, exitCode: 0 });
  });

  it("drains a server once", async () => {
    const { options, steps, server } = setUp();
    const first = drain(options);
    expect(drain({ ...options, graceMs: 1 })).toBe(first);
    server.end();
    await first;
    expect(drain(options)).toBe(first);
    expect(steps.filter((step) => step.endsWith("server.close"))).toHaveLength(1);
  });

  it.each<[object, string]>([
    [{ server: undefined }, "drain: server: expected an object with close, destroy, got undefined"],
    [{ graceMs: -1 }, "drain: graceMs: expected a number of milliseconds from 0 to 2147483647, got -1"],
    [
      { noticeAfterMs: "1s" },
      'drain: noticeAfterMs: expected a number of milliseconds from 0 to 2147483647, got "1s"',
    ],
    [
      { flushMs: Number.NaN },
      "drain: flushMs: expected a number of milliseconds from 0 to 2147483647, got NaN",
    ],
    [
      { shutdown: new AbortController().signal },
      "drain: shutdown: expected an AbortController, got an object",
    ],
    [{ checker: {} }, "drain: checker: expected an object with shutdown, got an object"],
    [{ telemetry: 1 }, "drain: telemetry: expected an object with shutdown, got 1"],
    [{ onDrained: "close" }, 'drain: onDrained: expected a function, got "close"'],
    [{ logger: {} }, "drain: logger: expected an object with print, warn, error, flush, got an object"],
    [
      { grace: 1 },
      'drain: there is no option "grace"; there are server, shutdown, checker, telemetry, onDrained, logger, ' +
        "closeAfterMs, noticeAfterMs, graceMs, flushMs",
    ],
  ])("refuses %j", (bad, message) => {
    expect(() => drain({ ...setUp().options, ...bad })).toThrow(new TypeError(message));
  });
});

describe("drainOnSignals", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("drains on %s, and ends the process", async (signal) => {
    const { options, exits, lines, server } = onSignals();
    send(signal);
    expect(exits).toEqual([]);
    server.end();
    await clock.advance(0);
    expect(exits).toEqual([0]);
    expect(lines()).toEqual([
      { msg: "draining", "drain.reason": signal, "drain.in_flight": 0, "drain.grace_ms": 10_000 },
      { msg: "drained", "drain.time_ms": 0, "drain.cut_off": 0, exit_code: 0 },
    ]);
    expect(options.shutdown.signal.aborted).toBe(true);
  });

  it("ends with 1 when something was cut off", async () => {
    const { exits, server } = onSignals();
    server.requests = [chat];
    send("SIGTERM");
    await clock.advance(10_000);
    expect(exits).toEqual([]);
    await clock.advance(100);
    expect(exits).toEqual([1]);
  });

  it("takes a signal that comes again within a second for the same one, and a later one for a second", async () => {
    const { exits, lines, server } = onSignals();
    server.requests = [chat];
    send("SIGTERM");
    await clock.advance(10);
    send("SIGTERM");
    await clock.advance(989);
    send("SIGINT");
    expect(exits).toEqual([]);
    await clock.advance(1);
    send("SIGINT");
    expect(exits).toEqual([130]);
    expect(lines().slice(1)).toEqual([
      {
        level: "warn",
        msg: "stopped at once by a second signal",
        "drain.reason": "SIGINT",
        "drain.cut_off": 1,
        exit_code: 130,
      },
    ]);
  });

  it("listens to the signals that it is told to, until it is told to stop", () => {
    const before = process.listenerCount("SIGTERM");
    const { stop } = onSignals({ signals: ["SIGUSR2"] });
    expect([process.listenerCount("SIGTERM"), process.listenerCount("SIGUSR2")]).toEqual([before, 1]);
    stop();
    expect(process.listenerCount("SIGUSR2")).toBe(0);
  });

  it("lets many calls listen to the shutdown signal", () => {
    const warnings = vi.fn();
    process.on("warning", warnings);
    const { options } = onSignals();
    for (let n = 0; n < 20; n++) options.shutdown.signal.addEventListener("abort", () => {});
    expect(getEventListeners(options.shutdown.signal, "abort")).toHaveLength(21);
    process.off("warning", warnings);
    expect(warnings).not.toHaveBeenCalled();
  });

  it.each<[object, string]>([
    [
      { signals: ["TERM"] },
      "drainOnSignals: signals: expected a list of names of signals that can be caught, such as SIGTERM, got an array",
    ],
    [
      { signals: ["SIGTERM", "SIGKILL"] },
      "drainOnSignals: signals: expected a list of names of signals that can be caught, such as SIGTERM, got an array",
    ],
    [
      { signals: [] },
      "drainOnSignals: signals: expected a list of names of signals that can be caught, such as SIGTERM, got an array",
    ],
    [{ exit: 0 }, "drainOnSignals: exit: expected a function, got 0"],
    [
      { graceMs: -1 },
      "drainOnSignals: graceMs: expected a number of milliseconds from 0 to 2147483647, got -1",
    ],
  ])("refuses %j", (bad, message) => {
    expect(() => drainOnSignals({ ...setUp().options, ...bad })).toThrow(new TypeError(message));
  });
});

const say: RequestInFlight = {
  method: "GET",
  path: "/slow",
  peer: "127.0.0.1:1",
  startTime: 0,
  httpVersion: "2.0",
};
const chat: RequestInFlight = {
  ...say,
  method: "POST",
  path: "/chat.v1.ChatService/Chat",
  startTime: -60_000,
};

class FakeServer implements NodeServer {
  readonly url = "http://localhost:1";
  readonly port = 1;
  readonly privateListener = undefined;
  requests: RequestInFlight[] = [];
  end = () => {};
  private readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(private readonly step: (name: string) => void) {}

  close(): Promise<void> {
    this.step("server.close");
    return this.ended;
  }
  /** Clients are told for a while. */
  destroy(): readonly RequestInFlight[] {
    this.step("server.destroy");
    setTimeout(this.end, 100);
    return this.requests;
  }
}

/** A server that is none. */
function setUp() {
  const startedAt = performance.now();
  const steps: string[] = [];
  const step = (name: string) => void steps.push(`${performance.now() - startedAt}: ${name}`);
  const log = testLogger();
  const shutdown = new AbortController();
  shutdown.signal.addEventListener("abort", () => {
    step(`notice: ${ConnectError.from(shutdown.signal.reason).message}`);
  });
  const server = new FakeServer(step);
  const options = {
    server,
    shutdown,
    checker: { shutdown: () => step("checker.shutdown") },
    onDrained: () => step("onDrained"),
    telemetry: { shutdown: async () => step("telemetry.shutdown") },
    logger: Object.assign(Object.create(log), { flush: () => step("flush") }),
  } satisfies DrainOptions;
  return { options, steps, server, lines: () => log.lines().map(withoutTime) };
}

function onSignals(more: Partial<Parameters<typeof drainOnSignals>[0]> = {}) {
  const given = setUp();
  const exits: number[] = [];
  const stop = drainOnSignals({ ...given.options, exit: (code) => void exits.push(code), ...more });
  stops.push(stop);
  return { ...given, exits, stop };
}

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function send(signal: NodeJS.Signals): void {
  process.emit(signal, signal);
}

function withoutTime({ time, level, ...rest }: LogLine): LogLine {
  return { ...(level === "info" ? {} : { level }), ...rest };
}

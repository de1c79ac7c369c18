import { diag, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LineSink } from "../../test/support/line-sink.js";
import { Switched } from "../../test/support/switched.js";
import { Traces } from "../../test/support/traces.js";
import { activeContext } from "../call/implicit.js";
import { logger as loggerOf } from "../log/index.js";
import { createChecker } from "./index.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  trace.disable();
  diag.disable();
});

/** What a checker with one dependency logs and traces while it is checked again and again. */
function observed(db = new Switched("db")) {
  const sink = new LineSink();
  const traces = new Traces();
  const { tracerProvider } = traces.options;
  const options = { dependencies: [db], logger: sink.logger, tracerProvider, cacheMs: 0 };
  return { db, sink, traces, options, checker: createChecker(options) };
}

const refused = () => new Error("refused", { cause: new TypeError("no route") });

describe("a log line", () => {
  it("tells each change of state, and nothing else", async () => {
    const { db, sink, checker } = observed();
    for (const fault of [undefined, undefined, refused(), refused(), undefined, undefined]) {
      db.fault = fault;
      await checker.check();
    }
    expect(sink.lines).toEqual([
      {
        time: "<time>",
        level: "warn",
        msg: "dependency is down",
        dependency: "db",
        latency_ms: 0,
        error: "Error: refused; cause: TypeError: no route",
      },
      { time: "<time>", level: "info", msg: "dependency is up", dependency: "db", latency_ms: 0 },
    ]);
  });

  it("tells what is down from the start, and how long its ping took", async () => {
    const { db, sink, checker } = observed();
    db.hang();
    const check = checker.check();
    await vi.advanceTimersByTimeAsync(5000);
    await check;
    expect(sink.lines).toEqual([
      {
        time: "<time>",
        level: "warn",
        msg: "dependency is down",
        dependency: "db",
        latency_ms: 5000,
        error: "Error: no answer within 5000 ms",
      },
    ]);
  });

  it("follows damping", async () => {
    const { db, sink, options } = observed();
    const checker = createChecker({ ...options, failureThreshold: 3 });
    const levels: unknown[] = [];
    for (const fault of [undefined, refused(), refused(), undefined, refused(), refused(), refused()]) {
      db.fault = fault;
      await checker.check();
      levels.push(sink.lines.length);
    }
    expect(levels).toEqual([0, 0, 0, 0, 0, 0, 1]);
  });

  it("goes to the root logger as it is then, where none is given", async () => {
    const { db } = observed();
    db.fault = refused();
    const checker = createChecker({ dependencies: [db] });
    const warn = vi.spyOn(loggerOf(), "warn").mockImplementation(() => {});
    await checker.check();
    expect(warn.mock.calls).toEqual([
      ["dependency is down", { dependency: "db", latency_ms: 0, error: db.fault }],
    ]);
    warn.mockRestore();
  });

  it("of a logger that throws is reported once, and checks go on", async () => {
    const { db, sink, options } = observed();
    const error = vi.fn();
    diag.setLogger({ error, warn() {}, info() {}, debug() {}, verbose() {} });
    const broken = vi.spyOn(sink.logger, "warn").mockImplementation(() => {
      throw new Error("broken");
    });
    const checker = createChecker(options);
    for (const fault of [refused(), undefined, refused()]) {
      db.fault = fault;
      expect((await checker.check()).ready).toBe(fault === undefined);
    }
    expect([broken.mock.calls.length, error.mock.calls.map(([text]) => text)]).toEqual([
      2,
      ["connect-clue: the logger of a checker failed; the call is not affected, and this is reported once"],
    ]);
  });
});

describe("a span", () => {
  it("covers each ping, as the root of a trace of its own", async () => {
    const { db, traces, checker } = observed();
    await checker.check();
    db.fault = refused();
    await checker.check();
    expect(traces.spans).toEqual([
      { kind: "internal", name: "health.ping.db", trace: "trace 1", span: "span 1", attributes: {} },
      {
        kind: "internal",
        name: "health.ping.db",
        trace: "trace 2",
        span: "span 2",
        attributes: {},
        status: "error: refused",
        events: [
          [
            "exception",
            {
              "exception.type": "Error",
              "exception.message": "refused",
              "exception.stacktrace": "Error: refused\n<frames>\nCaused by: TypeError: no route\n<frames>",
            },
          ],
        ],
      },
    ]);
  });

  it("is what the ping runs in", async () => {
    const { traces, options } = observed();
    const seen: unknown[] = [];
    const ping = async () => {
      await null;
      seen.push(trace.getSpan(activeContext()));
    };
    await createChecker({ ...options, dependencies: [{ name: "db", ping }] }).check();
    expect(seen).toEqual(traces.started);
  });

  it("comes from the global provider as it is then, where none is given", async () => {
    const { db, traces } = observed();
    const checker = createChecker({ dependencies: [db], cacheMs: 0 });
    await checker.check();
    trace.setGlobalTracerProvider(traces.options.tracerProvider);
    await checker.check();
    expect(traces.spans.map(({ name }) => name)).toEqual(["health.ping.db"]);
  });

  const broken = () => {
    throw new Error("broken");
  };

  it.each([
    ["tracer provider", { getTracer: broken }],
    ["tracer of health pings", { getTracer: () => ({ startSpan: broken, startActiveSpan: broken }) }],
  ])("that cannot be made is reported once, and the ping goes on: %s", async (culprit, tracerProvider) => {
    const { db, options } = observed();
    const error = vi.fn();
    diag.setLogger({ error, warn() {}, info() {}, debug() {}, verbose() {} });
    const checker = createChecker({ ...options, tracerProvider });
    expect([(await checker.check()).ready, (await checker.check()).ready, db.pings]).toEqual([true, true, 2]);
    expect(error.mock.calls.map(([text]) => text)).toEqual([
      `connect-clue: the ${culprit} failed; the call is not affected, and this is reported once`,
    ]);
  });
});

import { diag, trace } from "@opentelemetry/api";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { testLogger } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Switched } from "../../test/support/switched.js";
import { activeContext } from "../call/implicit.js";
import { logger as loggerOf } from "../log/index.js";
import { createChecker } from "./index.js";

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ test: t });
});
afterEach(() => {
  trace.disable();
  diag.disable();
});

/** What a checker with one dependency logs and traces while it is checked again and again. */
function observed(db = new Switched("db")) {
  const log = testLogger();
  const spans = testSpans();
  const { tracerProvider } = spans.options;
  const options = { dependencies: [db], logger: log, tracerProvider, cacheMs: 0 };
  return { db, log, spans, options, checker: createChecker(options) };
}

const refused = () => new Error("refused", { cause: new TypeError("no route") });

describe("a log line", () => {
  it("tells each change of state, and nothing else", async () => {
    const { db, log, checker } = observed();
    for (const fault of [undefined, undefined, refused(), refused(), undefined, undefined]) {
      db.fault = fault;
      await checker.check();
    }
    expect(log.lines()).toEqual([
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
    const { db, log, checker } = observed();
    db.hang();
    const check = checker.check();
    await clock.advance(5000);
    await check;
    expect(log.lines()).toEqual([
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
    const { db, log, options } = observed();
    const checker = createChecker({ ...options, failureThreshold: 3 });
    const levels: unknown[] = [];
    for (const fault of [undefined, refused(), refused(), undefined, refused(), refused(), refused()]) {
      db.fault = fault;
      await checker.check();
      levels.push(log.lines().length);
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
    const { db, log, options } = observed();
    const error = vi.fn();
    diag.setLogger({ error, warn() {}, info() {}, debug() {}, verbose() {} });
    const broken = vi.spyOn(log, "warn").mockImplementation(() => {
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
    const { db, spans, checker } = observed();
    await checker.check();
    db.fault = refused();
    await checker.check();
    expect(spans.all()).toEqual([
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
    const { spans, options } = observed();
    const seen: unknown[] = [];
    const ping = async () => {
      await null;
      seen.push(trace.getSpan(activeContext()));
    };
    await createChecker({ ...options, dependencies: [{ name: "db", ping }] }).check();
    expect(seen).toEqual(spans.finished());
  });

  it("comes from the global provider as it is then, where none is given", async () => {
    const { db, spans } = observed();
    const checker = createChecker({ dependencies: [db], cacheMs: 0 });
    await checker.check();
    trace.setGlobalTracerProvider(spans.options.tracerProvider);
    await checker.check();
    expect(spans.all().map(({ name }) => name)).toEqual(["health.ping.db"]);
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

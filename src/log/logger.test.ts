import { createContextKey, INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { createLogger, type LogEntry, type LoggerOptions, logger, type RootLogger } from "connect-clue";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineLedger } from "./ledger.js";
import { BoundLogger } from "./logger.js";
import { Json } from "./value.js";

describe("a logger outside of calls", () => {
  it("writes every line at once, with what it was given in the order in which it was", () => {
    const { log, lines } = jsonLogger();
    log.print("listening", { port: 8080 });
    log.printf("%s on %d", "listening", 8080);
    log.info("a", { z: 1, a: 2 });
    log.infof("%s", "b");
    log.warn("c");
    log.warnf("%i%%", 50.7);
    log.debug("dropped");
    log.debugf("dropped");
    log.error(new RangeError("too far"), "d", { by: 3 });
    log.errorf("thrown text", "e %s", "f");
    log.error(undefined, "g");
    expect(lines()).toEqual([
      { time: "<time>", level: "info", msg: "listening", port: 8080 },
      { time: "<time>", level: "info", msg: "listening on 8080" },
      { time: "<time>", level: "info", msg: "a", z: 1, a: 2 },
      { time: "<time>", level: "info", msg: "b" },
      { time: "<time>", level: "warn", msg: "c" },
      { time: "<time>", level: "warn", msg: "50%" },
      { time: "<time>", level: "error", msg: "d", err: "too far", "err.stack": "<stack>", by: 3 },
      { time: "<time>", level: "error", msg: "e f", err: "thrown text" },
      { time: "<time>", level: "error", msg: "g" },
    ]);
    expect(Object.keys(lines()[2] ?? {})).toEqual(["time", "level", "msg", "z", "a"]);
  });

  it("has debug lines when debug is on", () => {
    const { log, lines } = jsonLogger({ debug: true });
    log.debug("a");
    expect(log.debugEnabled).toBe(true);
    log.setDebug(false);
    log.debug("b");
    expect(lines()).toEqual([{ time: "<time>", level: "debug", msg: "a" }]);
    // @ts-expect-error Neither on nor off.
    expect(() => log.setDebug("on")).toThrow(
      'setDebug: expected a boolean or a function of the call, got "on"',
    );
  });

  it("adds the fields of with(), of field functions and of the trace; the line's own win", () => {
    const ctx = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: "a".repeat(32),
      spanId: "b".repeat(16),
      traceFlags: 0,
    });
    const { log, lines } = jsonLogger({ fields: [() => ({ host: "h", n: 0 }), () => undefined] });
    log.with({ n: 1, who: "me" }).info("a", { n: 2 });
    logger(ctx);
    new BoundLogger((log as BoundLogger).core, undefined, ctx, undefined).info("b", { trace_id: "mine" });
    expect(lines()).toEqual([
      { time: "<time>", level: "info", msg: "a", n: 0, host: "h", who: "me" },
      { time: "<time>", level: "info", msg: "b", trace_id: "mine", host: "h", n: 0, span_id: "b".repeat(16) },
    ]);
  });

  it("names no trace where there is none", () => {
    const ctx = trace.setSpanContext(ROOT_CONTEXT, INVALID_SPAN_CONTEXT);
    const { log, lines } = jsonLogger();
    new BoundLogger((log as BoundLogger).core, undefined, ctx, undefined).info("a");
    expect(lines()).toEqual([{ time: "<time>", level: "info", msg: "a" }]);
  });

  it("lets no field stand for the time or the level, and the later of two equal keys win", () => {
    const { log, text } = jsonLogger();
    log.info("real", { time: "forged", level: "forged", msg: "later" });
    expect(text()).toMatch(
      /^\{"time":"[^"]+","level":"info","msg":"later","fields.time":"forged","fields.level":"forged"\}\n$/,
    );
  });

  it("cuts what is too long, and says so", () => {
    const { log, lines } = jsonLogger({ maxSize: 5 });
    log.info("123456", { a: "123456", b: "12345" });
    log.infof("%s", "123456789");
    expect(lines()).toEqual([
      { time: "<time>", level: "info", msg: "12345…[cut from 6]", a: "12345…[cut from 6]", b: "12345" },
      { time: "<time>", level: "info", msg: expect.stringMatching(/^12345…\[cut from \d+\]$/) },
    ]);
  });

  it("says where in the code a line was logged", () => {
    const { log, lines } = jsonLogger({ fileLocation: true });
    log.info("a");
    log.infof("b");
    log.print("c");
    log.error(new Error("x"), "d");
    log.with({}).warn("e");
    const files = lines().map((line) => line.file);
    const first = Number(/^log\/logger\.test\.ts:(\d+)$/.exec(String(files[0]))?.[1]);
    expect(files).toEqual([0, 1, 2, 3, 4].map((n) => `log/logger.test.ts:${first + n}`));
  });

  it("has other keys when told", () => {
    const { log, text } = jsonLogger({
      keys: { message: "message", severity: "severity", time: "ts", error: "error" },
    });
    log.error("x", "hi");
    expect(text()).toMatch(/^\{"ts":"[^"]+","severity":"error","message":"hi","error":"x"\}\n$/);
  });

  it("writes to several outputs, each in its format", () => {
    const texts = ["", "", ""];
    const sink = (i: number) => ({ write: (text: string) => (texts[i] += text) });
    createLogger({
      outputs: [
        { sink: sink(0), format: "text" },
        { sink: sink(1), format: "terminal" },
        { sink: sink(2), format: ({ severity }) => severity },
      ],
    }).info("hi", { to: "you" });
    expect(texts[0]).toMatch(/^time=\S+ level=info msg=hi to=you\n$/);
    expect(texts[1]).toMatch(
      /^\u001b\[34mINFO\u001b\[0m\[\d{4}\] \u001b\[34mmsg\u001b\[0m=hi \u001b\[34mto\u001b\[0m=you\n$/,
    );
    expect(texts[2]).toBe("info\n");
  });

  it("hands the entries themselves to a sink that takes them", () => {
    const batches: (readonly LogEntry[])[] = [];
    let flushes = 0;
    const sink = {
      writeEntries: (entries: readonly LogEntry[]) => batches.push(entries),
      flushSync: () => flushes++,
    };
    const log = createLogger({ sink, keys: { message: "m" } });
    const ctx = ROOT_CONTEXT.setValue(createContextKey("tenant"), "a");
    log.info("hi", { to: "you", at: { x: 1 } });
    new BoundLogger((log as BoundLogger).core, undefined, ctx, undefined).info("in a context");
    log.flush();
    const parts = batches.map(([entry]) => [entry?.severity, entry?.ctx, entry?.keys.message, entry?.fields]);
    expect(parts).toEqual([
      [
        "info",
        ROOT_CONTEXT,
        "m",
        [
          ["m", "hi"],
          ["to", "you"],
          ["at", new Json('{"x":1}', false)],
        ],
      ],
      ["info", ctx, "m", [["m", "in a context"]]],
    ]);
    expect(batches.map((entries) => entries.length)).toEqual([1, 1]);
    expect(flushes).toBe(1);
  });

  it("survives a sink of entries that throws", () => {
    let text = "";
    const broken = {
      writeEntries: () => {
        throw new Error("broken");
      },
    };
    const log = createLogger({
      outputs: [{ sink: broken }, { sink: { write: (lines) => (text += lines) }, format: "text" }],
    });
    log.info("a");
    expect(text).toMatch(/^time=\S+ level=info msg=a\n$/);
  });

  it("survives sinks and formats that throw: the other outputs have the line", () => {
    let text = "";
    const broken = () => {
      throw new Error("broken");
    };
    const log = createLogger({
      outputs: [
        { sink: { write: broken, flushSync: broken }, format: "json" },
        { sink: { write: (lines) => (text += lines) }, format: broken },
      ],
    });
    log.info("a");
    log.flush();
    expect(text).toMatch(/^time=\S+ level=info msg=a\n$/);
  });

  it("survives what the type checker did not see: messages that are no text, promises in place of values", async () => {
    let text = "";
    const down = async () => {
      throw new Error("down");
    };
    const unsafe = createLogger as (options: object) => RootLogger;
    const log = unsafe({
      outputs: [
        {
          sink: { write: (lines: string) => (text += lines) },
          format: ({ fields }: LogEntry) => `${fields[0]?.[1]}`,
        },
        { sink: { write: down } },
      ],
      debug: down,
      disableBuffering: down,
      fields: [down],
    });
    const info = log.info.bind(log) as (...args: unknown[]) => void;
    const infof = log.infof.bind(log) as (...args: unknown[]) => void;
    info({ a: 1 }, "m");
    info(null);
    info(42);
    info(new Error("e"));
    info(Symbol("s"));
    info("m", "n");
    infof({ a: 1 }, 2);
    infof(new Error("e"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(text.split("\n")).toEqual([
      '{"a":1}',
      "null",
      "42",
      "Error: e",
      "Symbol(s)",
      "m",
      '{"a":1} 2',
      "Error: e",
      "",
    ]);
    expect(lineLedger.bytes).toBe(0);
  });

  it("gives up lines for a stream whose reader does not keep up, and survives its errors", async () => {
    const { PassThrough } = await import("node:stream");
    const stream = new PassThrough({ highWaterMark: 1 });
    const log = createLogger({
      sink: stream,
      format: ({ fields }) => String(fields[0]?.[1]),
      maxSize: 1 << 20,
    });
    for (let i = 0; i < 40; i++) log.info("x".repeat(1 << 20));
    expect(stream.writableLength).toBeLessThanOrEqual(18 << 20);
    stream.destroy(new Error("broken pipe"));
    await new Promise((resolve) => stream.once("close", resolve));
    log.info("into nowhere");
  });

  it("never throws and writes one line, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.anything(),
        fc.dictionary(fc.string(), fc.anything()),
        (message, error, fields) => {
          const { log, text } = jsonLogger();
          log.error(error, message, fields);
          log.infof(message, error, fields);
          const lines = text().split("\n");
          expect(lines).toHaveLength(3);
          for (const line of lines.slice(0, 2)) JSON.parse(line);
        },
      ),
    );
  });
});

describe("createLogger", () => {
  it.each<[object, string]>([
    [{ format: "xml" }, 'createLogger: format: expected "text", "terminal", "json" or a function, got "xml"'],
    [
      { sink: {} },
      "createLogger: sink: expected an object with write(text) or writeEntries(entries), { fd: number } or { path: string }, got an object",
    ],
    [
      { sink: { fd: -1 } },
      "createLogger: sink: expected an object with write(text) or writeEntries(entries), { fd: number } or { path: string }, got an object",
    ],
    [
      { sink: { writeEntries() {} }, format: "json" },
      "createLogger: format: a sink with writeEntries(entries) takes none; got both",
    ],
    [{ outputs: [] }, "createLogger: outputs: expected at least one { sink, format }"],
    [{ outputs: [{}], format: "json" }, "createLogger: outputs stands in place of format and sink; got both"],
    [{ debug: "yes" }, 'createLogger: debug: expected a boolean or function, got "yes"'],
    [{ maxSize: 0 }, "createLogger: maxSize: expected a number greater than 0, got 0"],
    [{ maxEntries: -1 }, "createLogger: maxEntries: expected a number greater than 0, got -1"],
    [{ maxBytes: "1" }, 'createLogger: maxBytes: expected a number greater than 0, got "1"'],
    [{ maxAgeMs: Number.NaN }, "createLogger: maxAgeMs: expected a number greater than 0, got NaN"],
    [{ budgetBytes: null }, "createLogger: budgetBytes: expected a number greater than 0, got null"],
    [{ keys: { message: "" } }, 'createLogger: keys.message: expected a name, got ""'],
    [
      { keys: { massage: "m" } },
      'createLogger: keys: there is no option "massage"; there are message, error, time',
    ],
    [{ fromat: "json" }, 'createLogger: there is no option "fromat"; there are format, sink'],
    [
      { outputs: [{ fromat: "json" }] },
      'createLogger: outputs: there is no option "fromat"; there are sink, format',
    ],
    [{ fields: [1] }, "createLogger: fields: expected a function, got 1"],
    [{ fileLocation: 1 }, "createLogger: fileLocation: expected a boolean, got 1"],
    [{ default: "yes" }, 'createLogger: default: expected a boolean, got "yes"'],
    [{ disableBuffering: true }, "createLogger: disableBuffering: expected a function, got true"],
  ])("refuses %j", (options, message) => {
    expect(() => createLogger(options)).toThrow(TypeError);
    expect(() => createLogger(options)).toThrow(message);
  });

  it("makes the first one the root logger, or the one that says so", () => {
    const first = logger();
    jsonLogger();
    expect(logger()).toBe(first);
    const { log } = jsonLogger({ default: true });
    expect(logger()).toBe(log);
  });
});

function jsonLogger(options: LoggerOptions = {}): {
  log: RootLogger;
  text: () => string;
  lines: () => Line[];
} {
  let text = "";
  const log = createLogger({ format: "json", sink: { write: (lines) => (text += lines) }, ...options });
  const lines = () => text.trimEnd().split("\n").map(parse);
  return { log, text: () => text, lines };
}

type Line = Record<string, unknown>;

function parse(text: string): Line {
  const line = JSON.parse(text) as Line;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(line.time))) line.time = "<time>";
  if (/^\w*Error: .*\n +at /.test(String(line["err.stack"]))) line["err.stack"] = "<stack>";
  return line;
}

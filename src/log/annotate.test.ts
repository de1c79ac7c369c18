import { Code, ConnectError } from "@connectrpc/connect";
import { type Context, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { loggedChat } from "../../test/support/logged-chat.js";
import { annotate, createLogger, type Logger, withLogger } from "../index.js";
import { annotationsOf } from "./annotate.js";
import { logger as loggerOf } from "./carry.js";

/** A logger, and its lines as JSON without the stack. */
function lines() {
  const written: Record<string, unknown>[] = [];
  const sink = {
    write(text: string) {
      const { "err.stack": _stack, ...line } = JSON.parse(text);
      written.push(line);
    },
  };
  return { log: createLogger({ format: "json", sink }), written };
}

/** The one line that an error makes, without its time and level. */
function told(error: unknown, write: (log: Logger) => void = (log) => log.error(error)) {
  const { log, written } = lines();
  write(log);
  const [{ time: _time, level: _level, ...line } = {}] = written;
  return line;
}

function inSpan(traceDigit: string, spanDigit: string): Context {
  const span: SpanContext = {
    traceId: traceDigit.repeat(32),
    spanId: spanDigit.repeat(16),
    traceFlags: TraceFlags.NONE,
  };
  return trace.setSpanContext(ROOT_CONTEXT, span);
}

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ now: Date.UTC(2026, 10, 21), test: t });
});

describe("annotate", () => {
  it("returns the same error, with its type and untouched", () => {
    const error = Object.freeze(new RangeError("too far"));
    const before = Reflect.ownKeys(error);
    const annotated = annotate(error, { orderId: 7 });
    expectTypeOf(annotated).toEqualTypeOf<Readonly<RangeError>>();
    expect(annotated).toBe(error);
    expect(Reflect.ownKeys(annotated)).toEqual(before);
    expect(told(annotated)).toEqual({ err: "too far", orderId: 7 });
  });

  it("gives fields to whoever logs the error, or one that it caused", () => {
    const error = annotate(new Error("no row"), { orderId: 7, items: ["a", "b"] });
    const fields = { orderId: 7, items: ["a", "b"] };
    expect(told(error)).toEqual({ err: "no row", ...fields });
    expect(told(new Error("can't ship", { cause: error }))).toEqual({
      err: "can't ship",
      "err.causes": ["no row"],
      ...fields,
    });
    expect(told(ConnectError.from(error, Code.NotFound))).toEqual({
      err: "[not_found] no row",
      "err.code": "not_found",
      "err.causes": ["no row"],
      ...fields,
    });
    expect(told(undefined, (log) => log.errorf(error, "order %d", 7))).toEqual({
      msg: "order 7",
      err: "no row",
      ...fields,
    });
  });

  it("tells when it was, where the line is of another time", async () => {
    const error = annotate(new Error("no row"), {});
    await clock.advance(1234);
    expect(told(error)).toEqual({ err: "no row", "err.time": "2026-11-21T00:00:00.000Z" });
  });

  it("tells in which span it was, where the line is of another one", () => {
    const error = annotate(new Error("no row"), {}, inSpan("a", "1"));
    const within = (ctx: Context) =>
      told(error, (log) => loggerOf(withLogger(ctx, log)).error(error, undefined, {}));
    const [sameTrace, otherTrace] = ["a".repeat(32), "b".repeat(32)];
    const [same, other] = ["1".repeat(16), "2".repeat(16)];
    expect(told(error)).toEqual({ err: "no row", "err.trace_id": sameTrace, "err.span_id": same });
    expect(within(inSpan("a", "1"))).toEqual({ err: "no row", trace_id: sameTrace, span_id: same });
    expect(within(inSpan("a", "2"))).toEqual({
      err: "no row",
      "err.span_id": same,
      trace_id: sameTrace,
      span_id: other,
    });
    expect(within(inSpan("b", "2"))).toEqual({
      err: "no row",
      "err.trace_id": sameTrace,
      "err.span_id": same,
      trace_id: otherTrace,
      span_id: other,
    });
  });

  it("adds to what is there: the later field wins, and the first moment stays", async () => {
    const error = annotate(new Error("no row"), { a: 1, b: 1 }, inSpan("a", "1"));
    await clock.advance(1000);
    annotate(error, { b: 2, c: 2 }, inSpan("b", "2"));
    const outer = annotate(new Error("no order", { cause: error }), { c: 3, d: 3 }, inSpan("c", "3"));
    expect(told(outer)).toEqual({
      err: "no order",
      "err.causes": ["no row"],
      a: 1,
      b: 2,
      c: 3,
      d: 3,
      "err.trace_id": "a".repeat(32),
      "err.span_id": "1".repeat(16),
      "err.time": "2026-11-21T00:00:00.000Z",
    });
  });

  it("takes no field's place on the line", () => {
    const error = annotate(Object.assign(new Error("no row"), { stack: "" }), {
      msg: "forged",
      err: "forged",
      time: "forged",
      own: "forged",
      bound: "forged",
      more: "told",
    });
    let text = "";
    const log = createLogger({ format: "text", sink: { write: (line: string) => (text += line) } });
    log.with({ bound: 1 }).error(error, "failed", { own: 2 });
    expect(text).toBe(
      'time=2026-11-21T00:00:00.000Z level=error msg=failed err="no row" err.stack="" own=2' +
        " fields.time=forged more=told bound=1\n",
    );
  });

  it("keeps fields as they were", () => {
    const fields = { list: [1], nested: { a: 1 } };
    const error = annotate(new Error("no row"), fields);
    fields.list.push(2);
    fields.nested.a = 2;
    expect(told(error)).toEqual({ err: "no row", list: [1], nested: { a: 1 } });
  });

  it("changes no line that was logged before", async () => {
    const error = annotate(new Error("no row"), { a: 1 });
    const { client, lines } = loggedChat({
      say(_request, context) {
        const log = loggerOf(context);
        log.error(error, "first");
        annotate(error, { b: 2 });
        log.error(error, "second");
        return {};
      },
    });
    await client.say({ text: "hi" });
    const fields = lines().map(({ msg, a, b }) => ({ msg, a, b }));
    expect(fields).toEqual([
      { msg: "start", a: undefined, b: undefined },
      { msg: "first", a: 1, b: undefined },
      { msg: "second", a: 1, b: 2 },
      { msg: "end", a: undefined, b: undefined },
    ]);
  });

  it.each<[unknown, string]>([
    ["text", "text"],
    [undefined, "undefined"],
    [{ reason: 1 }, '{"reason":1}'],
  ])("makes an error of what is none: %o", (thrown, message) => {
    const error = annotate(thrown, { orderId: 7 });
    expectTypeOf(error).toEqualTypeOf<Error>();
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBe(thrown);
    expect(told(error)).toEqual({
      err: message,
      ...(thrown !== undefined && { "err.causes": [message] }),
      orderId: 7,
    });
  });

  it("is bounded", () => {
    const error = new Error("no row");
    for (let i = 0; i < 1000; i++) annotate(error, { [`key${i}`]: i, long: "x".repeat(1030) });
    const line = told(error);
    expect(Object.keys(line).length).toBe(1 + 64);
    expect(line).toMatchObject({ long: `${"x".repeat(1024)}…[cut from 1030]` });
  });

  it("never throws", () => {
    const hostile = {
      get key() {
        throw new Error("read");
      },
    };
    expect(told(annotate(new Error("x"), hostile))).toEqual({ err: "x", fields: "[unreadable]" });
    expect(told(annotate(new Error("x"), null as never, 1 as never))).toEqual({ err: "x", fields: null });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(told(annotate(proxy, { a: 1 }))).toEqual({
      err: '"[unreadable]"',
      "err.causes": ['"[unreadable]"'],
      a: 1,
    });
  });
});

describe("an annotated error that a handler throws", () => {
  it("is told by the end line, and by nothing that goes to the client", async () => {
    const { client, lines } = loggedChat({
      say(_request, context) {
        throw annotate(new ConnectError("no such order", Code.NotFound), { orderId: 7 }, context);
      },
    });
    const error = ConnectError.from(await client.say({ text: "hi" }).catch((error) => error));
    expect({ code: error.code, message: error.rawMessage, details: error.details }).toEqual({
      code: Code.NotFound,
      message: "no such order",
      details: [],
    });
    expect([...error.metadata.keys()].filter((key) => key.includes("order"))).toEqual([]);
    expect(lines().map(({ msg, orderId }) => ({ msg, orderId }))).toEqual([
      { msg: "start", orderId: undefined },
      { msg: "end", orderId: 7 },
    ]);
  });

  it("keeps as much of its fields as the call's logger does", async () => {
    const { client, lines } = loggedChat(
      {
        say(_request, context) {
          throw annotate(new Error("bug"), { long: "x".repeat(50) }, context);
        },
      },
      { logger: { maxSize: 40 } },
    );
    await client.say({ text: "hi" }).catch(() => {});
    expect(lines().at(-1)).toMatchObject({ long: `${"x".repeat(40)}…[cut from 50]` });
  });
});

describe("annotationsOf", () => {
  it("gives the fields as attributes", () => {
    const inner = annotate(new Error("inner"), {
      text: "a",
      number: 1,
      flag: true,
      big: 2n ** 64n,
      nothing: null,
      absent: undefined,
      when: new Date(0),
      list: [1, 2],
      mixed: [1, "a", [true, null], new Date(0)],
      none: [],
      nested: { a: [1] },
    });
    expect(annotationsOf(new Error("outer", { cause: inner }))).toEqual({
      text: "a",
      number: 1,
      flag: true,
      big: "18446744073709551616",
      nothing: "null",
      when: "1970-01-01T00:00:00.000Z",
      list: [1, 2],
      mixed: ["1", "a", "[true,null]", "1970-01-01T00:00:00.000Z"],
      none: [],
      nested: '{"a":[1]}',
      "clue.annotated.time": expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  it.each([new Error("x"), "text", undefined, null])("gives nothing where there are none: %o", (error) => {
    expect(annotationsOf(error)).toBeUndefined();
  });
});

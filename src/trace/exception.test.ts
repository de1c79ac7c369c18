import { Code, ConnectError } from "@connectrpc/connect";
import { type Attributes, ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { annotate } from "connect-clue";
import { expect, it } from "vitest";
import { bothSpans, exception, failed, spanOf, tracedChat } from "../../test/support/traced-chat.js";
import { exceptionAttributes } from "../call/exception.js";

/** The spans of a unary call whose handler throws. */
async function spansOfThrown(thrown: unknown) {
  const { client, spans } = await tracedChat({
    say() {
      throw thrown;
    },
  });
  await client.say({}).catch(() => {});
  return spans.ended(2);
}

const noStack = Object.assign(new Error("bare"), { stack: undefined });
const withCauses = new Error("outer", { cause: new TypeError("inner", { cause: "a text" }) });

it.each<[what: string, thrown: unknown, status: string, event: Attributes]>([
  ["a plain error", new Error("secret"), "secret", exception("Error", "secret")[1]],
  ["an error of a class", new RangeError("5 > 4"), "5 > 4", exception("RangeError", "5 > 4")[1]],
  ["an abort", new DOMException("over", "AbortError"), "over", exception("AbortError", "over")[1]],
  ["a text", "out", "out", { "exception.type": "string", "exception.message": "out" }],
  ["a number", 42, "42", { "exception.type": "number", "exception.message": "42" }],
  ["an object", { a: 1 }, "[object]", { "exception.type": "object", "exception.message": "[object]" }],
  [
    "an error without a stack",
    noStack,
    "bare",
    { "exception.type": "Error", "exception.message": "bare", "exception.stacktrace": "bare" },
  ],
  [
    "an error with causes",
    withCauses,
    "outer",
    exception("Error", "outer", "\nCaused by: TypeError: inner\n<frames>\nCaused by: a text")[1],
  ],
])("%s is internal to the client, and whole on the server's span", async (_, thrown, status, event) => {
  expect(await spansOfThrown(thrown)).toEqual(
    bothSpans("Say", (side) => ({
      attributes: failed("internal"),
      ...(side === "server"
        ? { status: `error: ${status}`, events: [["exception", event]] }
        : {
            status: "error: internal error",
            events: [exception("ConnectError", "[internal] internal error")],
          }),
    })),
  );
});

it("tells on the server what caused a ConnectError, of which the client sees nothing", async () => {
  const cause = new Error("the disk is full");
  const thrown = new ConnectError("try later", Code.Unavailable, undefined, undefined, cause);
  expect(await spansOfThrown(thrown)).toEqual(
    bothSpans("Say", (side) => ({
      attributes: failed("unavailable"),
      status: "error: try later",
      events: [
        exception(
          "ConnectError",
          "[unavailable] try later",
          side === "server" ? "\nCaused by: Error: the disk is full\n<frames>" : "",
        ),
      ],
    })),
  );
});

it("survives an error that throws when it is looked at", () => {
  const refuse = () => {
    throw new Error("do not look");
  };
  const unreadable = new Proxy(new Error(), { get: refuse });
  expect(exceptionAttributes(unreadable)).toEqual({
    "exception.type": "Error",
    "exception.message": "Error",
    "exception.stacktrace": "Error",
  });
  const untouchable = new Proxy(new Error(), { get: refuse, getPrototypeOf: refuse });
  expect(exceptionAttributes(untouchable)).toEqual({
    "exception.type": "object",
    "exception.message": "[object]",
  });
});

it("cuts what is long", async () => {
  const error = new Error("m".repeat(10_000), { cause: new Error("n".repeat(100_000)) });
  error.stack = `Error\n${"s".repeat(100_000)}`;
  const [, server] = await spansOfThrown(error);
  const [, event] = server?.events?.[0] ?? [];
  expect(server?.status?.length).toBeLessThan(1200);
  expect(String(event?.["exception.message"]).length).toBeLessThan(1200);
  expect(String(event?.["exception.stacktrace"]).length).toBeLessThan(20_000);
});

it("ends chains of causes that go round", async () => {
  const a = new Error("a");
  a.cause = new Error("b", { cause: a });
  const [, server] = await spansOfThrown(a);
  expect(server?.events).toEqual([exception("Error", "a", "\nCaused by: Error: b\n<frames>")]);
});

it("has the fields of annotate(), from the whole chain of causes", async () => {
  const inner = annotate(new Error("inner"), { table: "orders", attempt: 1 });
  const outer = annotate(new Error("outer", { cause: inner }), { attempt: 2, at: new Date(0), of: [1, 2] });
  const [, server] = await spansOfThrown(outer);
  const [name, attributes] = exception("Error", "outer", "\nCaused by: Error: inner\n<frames>");
  expect(server?.events).toEqual([
    [
      name,
      {
        table: "orders",
        attempt: 2,
        at: "1970-01-01T00:00:00.000Z",
        of: [1, 2],
        "clue.annotated.time": expect.any(String),
        ...attributes,
      },
    ],
  ]);
});

it("has the fields of annotate() where the code is no error of the server's", async () => {
  const thrown = annotate(new ConnectError("no such order", Code.NotFound), { orderId: 7 });
  const [, server] = await spansOfThrown(thrown);
  const [name, attributes] = exception("ConnectError", "[not_found] no such order");
  expect(server).toEqual(
    spanOf("server", "Say", {
      attributes: { "rpc.status_code": "not_found", "clue.outcome": "error" },
      events: [[name, { orderId: 7, "clue.annotated.time": expect.any(String), ...attributes }]],
    }),
  );
});

it("tells the errors of an AggregateError, with what they were given to carry", async () => {
  const inner = annotate(new TypeError("first"), { orderId: 7 });
  const [, server] = await spansOfThrown(new AggregateError([inner, new Error("second")], "both"));
  const [name, attributes] = exception(
    "AggregateError",
    "both",
    "\nAmong its errors: TypeError: first\n<frames>\nAmong its errors: Error: second\n<frames>",
  );
  expect(server?.events).toEqual([
    [name, { orderId: 7, "clue.annotated.time": expect.any(String), ...attributes }],
  ]);
});

it("is as short as its status when a peer sends megabytes", async () => {
  const thrown = new ConnectError("x".repeat(3_000_000), Code.Internal);
  const spans = await spansOfThrown(thrown);
  const cut = `${"x".repeat(1024)}…[cut from 3000000]`;
  expect(spans[1]?.status).toBe(`error: ${cut}`);
  expect(JSON.stringify(spans).length).toBeLessThan(30_000);
});

it("has the moment of annotate(): its span and its time", async () => {
  const before = Date.now();
  const ctx = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    traceFlags: TraceFlags.NONE,
  });
  const [, server] = await spansOfThrown(annotate(new Error("late"), {}, ctx));
  const [name, attributes] = exception("Error", "late");
  const moment = {
    "clue.annotated.trace_id": "a".repeat(32),
    "clue.annotated.span_id": "b".repeat(16),
    "clue.annotated.time": expect.any(String),
  };
  expect(server?.events).toEqual([[name, { ...moment, ...attributes }]]);
  const time = Date.parse(String(server?.events?.[0]?.[1]["clue.annotated.time"]));
  expect(time >= before && time <= Date.now()).toBe(true);
});

it("lets no field of annotate() pass for the exception's own", async () => {
  const thrown = annotate(new Error("true"), { "exception.message": "false" });
  const [, server] = await spansOfThrown(thrown);
  const [name, attributes] = exception("Error", "true");
  expect(server?.events).toEqual([[name, { "clue.annotated.time": expect.any(String), ...attributes }]]);
});

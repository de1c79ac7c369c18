import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endedSpan, spanContext } from "../../test/support/ended-span.js";
import type { ReadableSpanLike } from "./sdk-types.js";
import { traceText } from "./trace-text.js";

const plain = { colors: false, isContinued: false };
const { ERROR } = SpanStatusCode;
const { CLIENT, SERVER, CONSUMER } = SpanKind;

/** The lines of a trace without blanks at their ends. */
function lines(spans: readonly ReadableSpanLike[], options = plain): string[] {
  const text = traceText(spans, options);
  expect(text.endsWith("\n\n")).toBe(true);
  return text
    .slice(0, -2)
    .split("\n")
    .map((line) => line.trimEnd());
}

const gateway = [
  endedSpan({ id: "1", name: "web.v1.Web/Post", service: "gateway", kind: SERVER, end: 12.4 }),
  endedSpan({
    id: "2",
    parent: "1",
    name: "chat.v1.Chat/Say",
    service: "gateway",
    kind: CLIENT,
    start: 2,
    end: 8,
  }),
  endedSpan({ id: "5", parent: "1", name: "audit", service: "gateway", start: 9, end: 9.05 }),
];
const chat = [
  endedSpan({
    id: "3",
    parent: "2",
    isRemote: true,
    name: "chat.v1.Chat/Say",
    kind: SERVER,
    start: 3,
    end: 7,
  }),
  endedSpan({ id: "4", parent: "3", name: "SELECT rooms", kind: CLIENT, start: 4, end: 6.5 }),
];
const traceA = `trace ${"a".repeat(32)}`;

describe("the text of a trace", () => {
  it("is a tree, whatever the order in which the spans came", () => {
    const expected = [
      `${traceA} · 12.4 ms · 5 spans · 2 services`,
      "web.v1.Web/Post         gateway  server    12.4 ms  ━━━━━━━━━━━━━━━━━━━━━━━━",
      "├─ chat.v1.Chat/Say     gateway  client    6.00 ms     ━━━━━━━━━━━━",
      "│  └─ chat.v1.Chat/Say  chat     server    4.00 ms       ━━━━━━━━━",
      "│     └─ SELECT rooms   chat     client    2.50 ms         ━━━━━━",
      "└─ audit                gateway  internal  50.0 µs                   ━",
    ];
    expect(lines([...gateway, ...chat])).toEqual(expected);
    expect(lines([...chat, ...gateway].reverse())).toEqual(expected);
  });

  it("tells how spans failed, and which codes are no fault of their side", () => {
    const exception = (type: string, message: string, fields = {}) => ({
      name: "exception",
      time: [0, 0] as [number, number],
      attributes: { "exception.type": type, "exception.message": message, ...fields },
    });
    const spans = [
      endedSpan({
        id: "1",
        status: { code: ERROR, message: "no row" },
        attributes: { "rpc.status_code": "internal", "error.type": "internal" },
        events: [
          exception("ConnectError", "[internal] no row", { orderId: 7, "exception.stacktrace": "at x" }),
          exception("RangeError", "too far"),
        ],
      }),
      endedSpan({ id: "2", parent: "1", status: { code: ERROR }, attributes: { "error.type": "timeout" } }),
      endedSpan({ id: "3", parent: "2", status: { code: ERROR }, events: [exception("Error", "")] }),
      endedSpan({
        id: "4",
        parent: "1",
        attributes: { "rpc.status_code": "not_found" },
        events: [exception("ConnectError", "no order", { list: ["a"] })],
      }),
    ];
    expect(lines(spans).map((line) => line.replace(/ +chat .*/, ""))).toEqual([
      `${traceA} · 1.00 ms · 4 spans · 1 service`,
      "span 1",
      "│  ✗ internal: no row",
      "│    orderId=7",
      "│    RangeError: too far",
      "├─ span 2",
      "│  │  ✗ timeout",
      "│  └─ span 3",
      "│        ✗ error",
      "│          Error:",
      "└─ span 4",
      "      ! not_found",
      "        ConnectError: no order",
      '        list=["a"]',
    ]);
  });

  it("tells links, parents elsewhere and the kit's attributes", () => {
    const spans = [
      endedSpan({
        id: "1",
        parent: "f",
        isRemote: true,
        kind: CONSUMER,
        links: [
          { context: spanContext("b", "9") },
          { context: spanContext("a", "2") },
          { context: spanContext("a", "8") },
        ],
        attributes: { "clue.message.number": 3, "clue.list": ["a", "b"], "rpc.method": "not told" },
      }),
      endedSpan({ id: "2", parent: "e" }),
    ];
    expect(lines(spans)).toEqual([
      `${traceA} · 1.00 ms · 2 spans · 1 service`,
      "span 1  chat  consumer  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━",
      "   child of remote span ffffffffffffffff",
      `   linked to trace ${"b".repeat(32)}, span 9999999999999999`,
      "   linked to span 2, span 2222222222222222",
      "   linked to span 8888888888888888",
      '   clue.message.number=3  clue.list=["a","b"]',
      "span 2  chat  internal  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━",
      "   child of span eeeeeeeeeeeeeeee",
    ]);
  });

  it("has a colour for each service, and red for failures", () => {
    const spans = [
      endedSpan({ id: "1", service: "gateway", end: 2 }),
      endedSpan({ id: "2", parent: "1", start: 1, end: 2, status: { code: ERROR } }),
    ];
    const red = (text: string) => `\u001b[31m${text}\u001b[0m`;
    const dim = (text: string) => `\u001b[2m${text}\u001b[0m`;
    const bold = (text: string) => `\u001b[1m${text}\u001b[0m`;
    const cyan = (text: string) => `\u001b[36m${text}\u001b[0m`;
    const yellow = (text: string) => `\u001b[33m${text}\u001b[0m`;
    expect(traceText(spans, { colors: true, isContinued: true })).toBe(
      [
        `${bold(traceA)}${dim(" · 2.00 ms · 2 spans · 2 services · continued")}`,
        `${bold("span 1   ")}  ${cyan("gateway")}  ${dim("internal")}  2.00 ms  ${cyan("━".repeat(24))}`,
        `${dim("└─ ")}\u001b[1;31mspan 2\u001b[0m  ${yellow("chat   ")}  ${dim("internal")}  1.00 ms  ${red(`${" ".repeat(12)}${"━".repeat(12)}`)}`,
        `${dim("      ")}${red("✗ error")}`,
        "",
        "",
      ].join("\n"),
    );
  });

  it("cuts what is long, and bends what is deep", () => {
    const long = endedSpan({
      id: "1",
      name: "n".repeat(100),
      service: "s".repeat(100),
      attributes: { "clue.long": "v".repeat(200) },
    });
    expect(lines([long]).slice(1)).toEqual([
      `${"n".repeat(59)}…  ${"s".repeat(23)}…  internal  1.00 ms  ${"━".repeat(24)}`,
      `   clue.long=${"v".repeat(99)}…`,
    ]);
    const deep = Array.from({ length: 2000 }, (_, i) => ({
      ...endedSpan({ id: "1" }),
      spanContext: () => ({ ...spanContext("a", "1"), spanId: `${i}` }),
      parentSpanContext: { ...spanContext("a", "1"), spanId: `${i - 1}` },
    }));
    const widths = lines(deep).map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThan(120);
  });

  it("has every span once, and nothing that steers a terminal, whatever the spans hold", () => {
    const text = fc.string({ unit: "binary" });
    const digit = fc.constantFrom("1", "2", "3", "4");
    const attributes = fc.dictionary(
      fc.oneof(
        text,
        text.map((rest) => `clue.${rest}`),
      ),
      fc.oneof(text, fc.double(), fc.array(text)),
    );
    const span = fc
      .record({
        id: digit,
        parent: fc.option(digit, { nil: undefined }),
        name: text,
        service: text,
        start: fc.double({ min: 0, max: 1e9, noNaN: true }),
        end: fc.double({ min: 0, max: 1e9, noNaN: true }),
        status: fc.record({ code: fc.constantFrom(0, 1, 2), message: text }),
        attributes,
      })
      .map(({ parent, ...rest }) => endedSpan({ ...rest, ...(parent !== undefined && { parent }) }));
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 12 }), (spans) => {
        const text = traceText(spans, plain);
        expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        expect(text.split("\n").filter((line) => line.endsWith("━")).length).toBeGreaterThanOrEqual(
          spans.length,
        );
      }),
    );
  });
});

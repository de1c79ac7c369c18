import { createTraceState, type SpanContext } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBy, spanContexts, traceparents, writtenBy } from "../../test/support/span-contexts.js";
import { formatTraceparent, parseTraceparent } from "./traceparent.js";

const w3c = new W3CTraceContextPropagator();
const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

describe("formatTraceparent", () => {
  it.each([
    [0, "00"],
    [1, "01"],
    [2, "02"],
    [3, "03"],
    [0xff, "03"],
  ])("flags %i: those that Level 2 knows", (traceFlags, text) => {
    expect(formatTraceparent({ traceId, spanId, traceFlags })).toBe(`00-${traceId}-${spanId}-${text}`);
  });

  it("agrees with OpenTelemetry's propagator", () => {
    fc.assert(
      fc.property(spanContexts(), (span) => {
        expect({ traceparent: formatTraceparent(span) }).toEqual(writtenBy(w3c, span));
      }),
    );
  });

  it("is read as it was written", () => {
    fc.assert(
      fc.property(spanContexts(), (span) => {
        expect(parseTraceparent(formatTraceparent(span), undefined)).toEqual({ ...span, isRemote: true });
      }),
    );
  });
});

describe("parseTraceparent", () => {
  const parsed: SpanContext = { traceId, spanId, traceFlags: 1, isRemote: true };

  it.each<[string, string, SpanContext | undefined]>([
    ["the present version", `00-${traceId}-${spanId}-01`, parsed],
    ["not sampled", `00-${traceId}-${spanId}-00`, { ...parsed, traceFlags: 0 }],
    ["random", `00-${traceId}-${spanId}-03`, { ...parsed, traceFlags: 3 }],
    ["flags that nobody knows yet", `00-${traceId}-${spanId}-ff`, { ...parsed, traceFlags: 3 }],
    ["a later version", `01-${traceId}-${spanId}-01`, parsed],
    ["a later version with more", `cc-${traceId}-${spanId}-01-what-the-future-brings`, parsed],
    ["a later version of 256 characters", `cc-${traceId}-${spanId}-01-${"x".repeat(200)}`, parsed],
    ["a later version of 257 characters", `cc-${traceId}-${spanId}-01-${"x".repeat(201)}`, undefined],
    ["a later version with no dash before more", `cc-${traceId}-${spanId}-01x`, undefined],
    ["the present version with more", `00-${traceId}-${spanId}-01-more`, undefined],
    ["the version that there is not", `ff-${traceId}-${spanId}-01`, undefined],
    ["no trace", `00-${"0".repeat(32)}-${spanId}-01`, undefined],
    ["no span", `00-${traceId}-${"0".repeat(16)}-01`, undefined],
    ["upper case", `00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
    ["space around it", ` 00-${traceId}-${spanId}-01 `, undefined],
    ["a line break behind it", `00-${traceId}-${spanId}-01\n`, undefined],
    ["a short trace id", `00-${traceId.slice(1)}-${spanId}-01`, undefined],
    ["no flags", `00-${traceId}-${spanId}`, undefined],
    ["two of them", `00-${traceId}-${spanId}-01,00-${traceId}-${spanId}-01`, undefined],
    ["nothing", "", undefined],
  ])("%s", (_, value, expected) => {
    expect(parseTraceparent(value, undefined)).toEqual(expected);
  });

  it.each([undefined, ""])("makes no state of the tracestate %j", (tracestate) => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`, tracestate)).toEqual(parsed);
  });

  it("reads the tracestate", () => {
    const span = parseTraceparent(`00-${traceId}-${spanId}-01`, "vendor=opaque, other=1");
    expect(span).toEqual({ ...parsed, traceState: createTraceState("vendor=opaque,other=1") });
    expect(span?.traceState?.serialize()).toBe("vendor=opaque,other=1");
  });

  it("agrees with OpenTelemetry's propagator about any text, but for space around it and flags that nobody knows", () => {
    fc.assert(
      fc.property(fc.oneof(traceparents(), fc.string()), (value) => {
        fc.pre(value === value.trim());
        const read = readBy(w3c, { traceparent: value });
        const known = read && { ...read, traceFlags: read.traceFlags & 3 };
        expect(parseTraceparent(value, undefined)).toEqual(known);
      }),
      { numRuns: 2000 },
    );
  });
});

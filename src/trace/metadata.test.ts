import {
  type Context,
  createContextKey,
  createTraceState,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  inSpan,
  spanOf,
  told,
  traceparentOf,
  traceparents,
  withBaggage,
} from "../../test/support/span-contexts.js";
import { w3c } from "../testing-telemetry/w3c.js";
import { MetadataPropagator } from "./metadata.js";

const key = createContextKey("what the stream carries besides");
const streamSpan = spanOf("a", 1);
const stream = inSpan(streamSpan, ROOT_CONTEXT.setValue(key, "kept"));
const other = spanOf("b", 2);
const otherTraceparent = traceparentOf(other);

describe("inject", () => {
  it.each<[string, Context]>([
    ["the stream's own", stream],
    ["a copy of it", stream.setValue(key, "another")],
    ["of an equal span", inSpan({ ...streamSpan, isRemote: true })],
    ["with baggage that has nothing in it", withBaggage(stream, {})],
  ])("says nothing of a context that is %s", (_, ctx) => {
    expect(new MetadataPropagator(w3c(), stream).inject(ctx)).toBeUndefined();
  });

  it.each<[string, Context, Record<string, string>]>([
    ["another span", inSpan(other), { traceparent: otherTraceparent }],
    [
      "another span of the same trace",
      inSpan({ ...streamSpan, spanId: other.spanId }),
      { traceparent: `00-${"a".repeat(32)}-0000000000000002-01` },
    ],
    [
      "another trace with the same span id",
      inSpan({ ...streamSpan, traceId: other.traceId }),
      { traceparent: `00-${"b".repeat(32)}-0000000000000001-01` },
    ],
    [
      "other flags",
      inSpan({ ...streamSpan, traceFlags: 0 }),
      { traceparent: `00-${"a".repeat(32)}-0000000000000001-00` },
    ],
    [
      "a tracestate",
      inSpan({ ...other, traceState: createTraceState("vendor=opaque") }),
      { traceparent: otherTraceparent, tracestate: "vendor=opaque" },
    ],
    [
      "baggage",
      withBaggage(stream, { user: "Éva" }),
      { traceparent: `00-${"a".repeat(32)}-0000000000000001-01`, baggage: "user=%C3%89va" },
    ],
    ["both", withBaggage(inSpan(other), { user: "b" }), { traceparent: otherTraceparent, baggage: "user=b" }],
    ["baggage and no span", withBaggage(ROOT_CONTEXT, { user: "b" }), { baggage: "user=b" }],
  ])("tells of %s", (_, ctx, metadata) => {
    expect(new MetadataPropagator(w3c(), stream).inject(ctx)).toEqual(metadata);
  });

  it.each<[string, Context, Context]>([
    ["none", withBaggage(stream, { user: "a" }), stream],
    ["more", withBaggage(stream, { user: "a" }), withBaggage(stream, { user: "a", more: "1" })],
    ["less", withBaggage(stream, { user: "a", more: "1" }), withBaggage(stream, { user: "a" })],
    ["another key", withBaggage(stream, { user: "a" }), withBaggage(stream, { name: "a" })],
    ["another value", withBaggage(stream, { user: "a" }), withBaggage(stream, { user: "b" })],
    [
      "other properties",
      withBaggage(stream, { user: "a" }, "ttl=1"),
      withBaggage(stream, { user: "a" }, "ttl=2"),
    ],
  ])("compares the baggage, not its identity: %s", (_, base, ctx) => {
    const metadata = new MetadataPropagator(w3c(), base);
    expect(metadata.inject(propagation.setBaggage(base, copied(base)))).toBeUndefined();
    expect(metadata.inject(ctx)).toHaveProperty("traceparent");
  });

  it("says nothing where there is nothing to say, or nobody to say it", () => {
    const invalid = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };
    const noop: TextMapPropagator = { inject() {}, extract: (ctx) => ctx, fields: () => [] };
    expect([
      new MetadataPropagator(w3c(), stream).inject(ROOT_CONTEXT),
      new MetadataPropagator(w3c(), stream).inject(inSpan(invalid)),
      new MetadataPropagator(noop, stream).inject(inSpan(other)),
    ]).toEqual([undefined, undefined, undefined]);
  });

  it("makes text of what a propagator writes: nothing else fits into the map", () => {
    const propagator: TextMapPropagator = {
      inject: (_ctx, carrier, { set }) => set(carrier, "number", 7 as never),
      extract: (ctx) => ctx,
      fields: () => ["number"],
    };
    expect(new MetadataPropagator(propagator, stream).inject(inSpan(other))).toEqual({ number: "7" });
  });
});

describe("extract", () => {
  it("gives the stream's context another parent", () => {
    const ctx = extract({ traceparent: otherTraceparent, tracestate: "vendor=opaque" });
    expect(seen(ctx)).toEqual({
      span: { ...other, isRemote: true },
      state: "vendor=opaque",
      baggage: undefined,
      kept: "kept",
    });
    expect(trace.getSpan(stream)?.spanContext()).toBe(streamSpan);
  });

  it("gives it the message's own baggage in place of the stream's", () => {
    const base = withBaggage(stream, { of: "the stream" });
    const metadata = new MetadataPropagator(w3c(), base);
    const span = { ...other, isRemote: true };
    expect([
      seen(metadata.extract({ traceparent: otherTraceparent })),
      seen(metadata.extract({ traceparent: otherTraceparent, baggage: "user=%C3%89va" })),
      seen(metadata.extract({ baggage: "user=b" })),
    ]).toEqual([
      { span, state: undefined, baggage: undefined, kept: "kept" },
      { span, state: undefined, baggage: { user: "Éva" }, kept: "kept" },
      { span: streamSpan, state: undefined, baggage: { user: "b" }, kept: "kept" },
    ]);
  });

  it("makes contexts like any other", () => {
    const ctx = extract({ traceparent: otherTraceparent });
    const more = ctx?.setValue(key, "set");
    const less = ctx?.deleteValue(key);
    expect([more, less].map((context) => context && trace.getSpanContext(context))).toEqual([
      { ...other, isRemote: true },
      { ...other, isRemote: true },
    ]);
    expect([more?.getValue(key), less?.getValue(key), ctx?.getValue(key)]).toEqual([
      "set",
      undefined,
      "kept",
    ]);
    expect(ctx && trace.deleteSpan(ctx).getValue(key)).toBe("kept");
    expect(ctx && trace.getSpan(trace.deleteSpan(ctx))).toBeUndefined();
  });

  const tooMany = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`key ${n}`, "value"]));
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["nothing", {}],
    ["nothing of the propagator's", { "uber-trace-id": "1:2:0:1" }],
    ["a malformed traceparent", { traceparent: "00-zz-00-01" }],
    ["a traceparent of no trace", { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-00` }],
    ["a traceparent that is no text", { traceparent: 1 }],
    ["a traceparent in a list", { traceparent: [otherTraceparent] }],
    ["text besides that is none", { traceparent: otherTraceparent, more: null }],
    ["a tracestate alone", { tracestate: "vendor=opaque" }],
    [
      "33 entries",
      { ...Object.fromEntries(Object.entries(tooMany).slice(0, 32)), traceparent: otherTraceparent },
    ],
    ["thousands of entries", { traceparent: otherTraceparent, ...tooMany }],
    ["a value of 8193 characters", { traceparent: otherTraceparent, more: "x".repeat(8193) }],
    ["malformed baggage", { baggage: "=,;,%ff=1" }],
    [
      "names of JavaScript's own",
      Object.fromEntries([
        ["__proto__", otherTraceparent],
        ["constructor", "1"],
      ]),
    ],
    ["a traceparent that is inherited", Object.create({ traceparent: 7 })],
  ])("is of no use: %s", (_, metadata) => {
    expect(extract(metadata)).toBeUndefined();
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    [
      "32 entries",
      { traceparent: otherTraceparent, ...Object.fromEntries(Object.entries(tooMany).slice(0, 31)) },
    ],
    ["a value of 8192 characters", { traceparent: otherTraceparent, more: "x".repeat(8192) }],
    ["a tracestate over its limit", { traceparent: otherTraceparent, tracestate: `a=${"x".repeat(600)}` }],
    ["malformed baggage", { traceparent: otherTraceparent, baggage: "=,;,%ff=1" }],
    [
      "names of JavaScript's own",
      Object.fromEntries([
        ["__proto__", "1"],
        ["traceparent", otherTraceparent],
      ]),
    ],
  ])("takes the traceparent beside %s", (_, metadata) => {
    expect(seen(extract(metadata))).toEqual({
      span: { ...other, isRemote: true },
      state: "tracestate" in metadata ? "" : undefined,
      baggage: undefined,
      kept: "kept",
    });
  });

  it("gives the stream's own context where nobody reads any: nothing is wrong with the metadata", () => {
    const noop: TextMapPropagator = { inject() {}, extract: (ctx) => ctx, fields: () => [] };
    expect(new MetadataPropagator(noop, stream).extract({ traceparent: otherTraceparent })).toBe(stream);
  });

  it("looks at no more entries than it takes", () => {
    const looked = vi.fn(() => "value");
    const metadata = Object.defineProperties(
      {},
      Object.fromEntries(Object.keys(tooMany).map((name) => [name, { get: looked, enumerable: true }])),
    );
    expect(extract(metadata)).toBeUndefined();
    expect(looked).toHaveBeenCalledTimes(33);
  });

  it("shows a propagator nothing that is not in the metadata itself", () => {
    const got: unknown[] = [];
    const propagator: TextMapPropagator = {
      inject() {},
      extract(ctx, carrier, { get, keys }) {
        got.push(keys(carrier), get(carrier, "a"), get(carrier, "constructor"), get(carrier, "__proto__"));
        return ctx;
      },
      fields: () => ["a"],
    };
    new MetadataPropagator(propagator, stream).extract({ a: "1" });
    expect(got).toEqual([["a"], "1", undefined, undefined]);
  });

  it("never throws, whatever comes", () => {
    const anything = fc.dictionary(
      fc.oneof(fc.constantFrom("traceparent", "tracestate", "baggage", "b3", "__proto__"), fc.string()),
      fc.oneof(traceparents(), fc.string(), fc.anything()),
    );
    const propagators = [
      w3c(),
      new W3CTraceContextPropagator(),
      new B3Propagator(),
      new W3CBaggagePropagator(),
    ];
    fc.assert(
      fc.property(anything, fc.constantFrom(...propagators), (metadata, propagator) => {
        const ctx = new MetadataPropagator(propagator, stream).extract(metadata);
        expect(ctx?.getValue(key) ?? "kept").toBe("kept");
      }),
    );
  });
});

describe("other propagators", () => {
  const b3 = `${"b".repeat(32)}-0000000000000002-1`;

  it.each<[string, TextMapPropagator, Record<string, string>]>([
    ["B3 in one", new B3Propagator(), { b3 }],
    [
      "B3 in many",
      new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
      { "x-b3-traceid": "b".repeat(32), "x-b3-spanid": "0000000000000002", "x-b3-sampled": "1" },
    ],
    [
      "W3C, Baggage and B3",
      new CompositePropagator({
        propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator(), new B3Propagator()],
      }),
      { traceparent: otherTraceparent, b3 },
    ],
  ])("%s", (_, propagator, expected) => {
    const metadata = new MetadataPropagator(propagator, stream);
    expect(metadata.inject(stream)).toBeUndefined();
    expect(metadata.inject(inSpan(other))).toEqual(expected);
    expect(seen(metadata.extract(expected))).toEqual({
      span: { ...other, isRemote: true },
      state: undefined,
      baggage: undefined,
      kept: "kept",
    });
  });
});

function extract(metadata: Readonly<Record<string, unknown>>): Context | undefined {
  return new MetadataPropagator(w3c(), stream).extract(metadata);
}

/** What a context says, and what is left in it of the stream's. */
function seen(ctx: Context | undefined) {
  return ctx && { ...told(ctx), kept: ctx.getValue(key) };
}

/** Equal baggage, in other objects. */
function copied(ctx: Context) {
  return propagation.createBaggage(Object.fromEntries(propagation.getBaggage(ctx)?.getAllEntries() ?? []));
}

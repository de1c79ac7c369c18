/** Messages of one trace without baggage, by W3C Trace Context, are not given to the propagator: nobody may notice. */

import { type Context, createTraceState, type SpanContext, type TextMapPropagator } from "@opentelemetry/api";
import {
  CompositePropagator,
  suppressTracing,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import { B3Propagator } from "@opentelemetry/propagator-b3";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  idsOf,
  inSpan,
  readBy,
  spanContexts,
  spanOf,
  told,
  traceparentOf,
  traceparents,
  withBaggage,
  writtenBy,
} from "../../test/support/span-contexts.js";
import { w3c } from "../testing-telemetry/w3c.js";
import { MetadataPropagator } from "./metadata.js";

const stream = inSpan(spanOf("a", 1));
const other = spanOf("b", 2);
const otherTraceparent = traceparentOf(other);

describe("the short cut for W3C Trace Context", () => {
  it.each<[string, TextMapPropagator]>([
    ["alone", new W3CTraceContextPropagator()],
    ["with baggage", w3c()],
  ])("%s: writes what the propagator writes", (_, propagator) => {
    fc.assert(
      fc.property(spansWithState(), (span) => {
        expect(new MetadataPropagator(propagator, stream).inject(inSpan(span))).toEqual(
          writtenBy(propagator, span),
        );
      }),
    );
  });

  it.each<[string, TextMapPropagator]>([
    ["alone", new W3CTraceContextPropagator()],
    ["with baggage", w3c()],
  ])("%s: reads what the propagator reads", (_, propagator) => {
    const metadata = fc.record(
      { traceparent: traceparents(), tracestate: tracestates() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(metadata, (carrier) => {
        fc.pre(carrier.traceparent === carrier.traceparent?.trim());
        const expected = readBy(propagator, carrier as Record<string, string>);
        const ctx = new MetadataPropagator(propagator, stream).extract(carrier);
        expect(told(ctx)?.span).toEqual(
          expected && { ...idsOf(expected), traceFlags: expected.traceFlags & 3 },
        );
        expect(told(ctx)?.state).toBe(expected?.traceState?.serialize());
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, TextMapPropagator, asked: boolean]>([
    ["W3C Trace Context", new W3CTraceContextPropagator(), false],
    ["W3C Trace Context and Baggage", w3c(), false],
    ["W3C Baggage", new W3CBaggagePropagator(), true],
    ["B3 in one", new B3Propagator(), true],
    [
      "W3C and B3",
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new B3Propagator()] }),
      true,
    ],
  ])("%s: is the propagator asked about a message without baggage? %s", (_, propagator, asked) => {
    const metadata = new MetadataPropagator(propagator, stream);
    const inject = vi.spyOn(propagator, "inject");
    const extract = vi.spyOn(propagator, "extract");
    metadata.extract(metadata.inject(inSpan(other)) ?? { traceparent: otherTraceparent });
    expect([inject.mock.calls.length, extract.mock.calls.length]).toEqual(asked ? [1, 1] : [0, 0]);
  });

  it("is not taken with baggage", () => {
    const propagator = w3c();
    const metadata = new MetadataPropagator(propagator, stream);
    const inject = vi.spyOn(propagator, "inject");
    const extract = vi.spyOn(propagator, "extract");
    metadata.extract(metadata.inject(withBaggage(inSpan(other), { user: "b" })) ?? {});
    expect([inject.mock.calls.length, extract.mock.calls.length]).toEqual([1, 1]);
  });

  it("is not taken with a propagator that has the same fields and a policy of its own", () => {
    const sendsNothing = Object.assign(new W3CTraceContextPropagator(), { inject: () => {} });
    expect(new MetadataPropagator(sendsNothing, stream).inject(inSpan(other))).toBe(undefined);

    const trustsNobody: TextMapPropagator = Object.assign(new W3CTraceContextPropagator(), {
      extract: (ctx: Context) => ctx,
    });
    const metadata = new MetadataPropagator(trustsNobody, stream);
    expect(metadata.inject(inSpan(other))).toEqual({ traceparent: otherTraceparent });
    expect(metadata.extract({ traceparent: otherTraceparent })).toBe(undefined);
  });

  it("is not taken where tracing is suppressed", () => {
    const suppressed = suppressTracing(stream);
    const metadata = new MetadataPropagator(new W3CTraceContextPropagator(), suppressed);
    expect(metadata.inject(suppressTracing(inSpan(other)))).toBe(undefined);
  });
});

/** Spans, some with a tracestate that is not empty. */
function spansWithState(): fc.Arbitrary<SpanContext> {
  const state = tracestates()
    .map((text) => createTraceState(text))
    .filter((made) => made.serialize() !== "");
  return fc
    .tuple(spanContexts(), fc.option(state, { nil: undefined }))
    .map(([span, traceState]) => (traceState === undefined ? span : { ...span, traceState }));
}

/** Text that is a `tracestate` within the limits, or nearly. */
function tracestates(): fc.Arbitrary<string> {
  const name = fc.stringMatching(/^[a-z][a-z0-9_@/-]{0,5}$/);
  const value = fc.oneof(
    { weight: 5, arbitrary: fc.stringMatching(/^[!-+\--<>-~]{1,6}$/) },
    fc.string({ maxLength: 6 }).filter((text) => !text.includes(",")),
  );
  return fc
    .uniqueArray(fc.tuple(name, value), { selector: ([of]) => of, maxLength: 20 })
    .map((members) => members.map((member) => member.join("=")).join(","));
}

/** Where there is no Node, the propagator is asked about every message: slower, and with the same results. */

import { ROOT_CONTEXT } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { describe, expect, it, vi } from "vitest";
import { inSpan, spanOf, told, traceparentOf, withBaggage } from "../../test/support/span-contexts.js";
import { w3c } from "../testing-telemetry/w3c.js";
import { MetadataPropagator } from "./metadata.js";

vi.mock("#platform", () => import("../platform/neutral.js"));

const stream = inSpan(spanOf("a", 1));
const other = spanOf("b", 2);
const traceparent = traceparentOf(other);

describe("messages where there is no Node", () => {
  it("have the same metadata", () => {
    const metadata = new MetadataPropagator(w3c(), withBaggage(stream, { user: "a" }));
    expect(metadata.inject(inSpan(other))).toEqual({ traceparent });
    expect(metadata.inject(withBaggage(inSpan(other), { user: "b" }))).toEqual({
      traceparent,
      baggage: "user=b",
    });
    expect(metadata.inject(withBaggage(stream, { user: "a" }))).toBeUndefined();
  });

  it("are in the context that their metadata names", () => {
    const metadata = new MetadataPropagator(w3c(), withBaggage(stream, { user: "a" }));
    const read = (from: Readonly<Record<string, string>>) => told(metadata.extract(from));
    const alone = told(inSpan({ ...other, isRemote: true }, ROOT_CONTEXT));
    expect(read({ traceparent })).toEqual(alone);
    expect(read({ traceparent, tracestate: "vendor=opaque" })).toMatchObject({ state: "vendor=opaque" });
    expect(read({ traceparent: "nonsense" })).toEqual(told(undefined));
  });

  it("are read by the propagator itself", () => {
    const propagator = new W3CTraceContextPropagator();
    const metadata = new MetadataPropagator(propagator, stream);
    const extract = vi.spyOn(propagator, "extract");
    metadata.extract({ traceparent });
    expect(extract).toHaveBeenCalledTimes(1);
  });
});

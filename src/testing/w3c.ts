import type { TextMapPropagator } from "@opentelemetry/api";
import { loadPeer } from "../telemetry/peers.js";

/** W3C Trace Context and Baggage, as most services have them. */
export function w3c(): TextMapPropagator {
  const core = loadPeer("@opentelemetry/core", "testSpans", ["@opentelemetry/sdk-trace"]);
  return new core.CompositePropagator({
    propagators: [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()],
  });
}

import type { TextMapPropagator } from "@opentelemetry/api";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import { type PropagatorName, propagatorNamesOfEnvironment } from "../telemetry/propagator-names.js";

/**
 * Makes a propagator of Zipkin's B3 that sends one header, `b3`. It reads both encodings.
 *
 * @example
 * configureOpenTelemetry({ service: "chat", propagators: [b3(), "baggage"] });
 */
export function b3(): TextMapPropagator {
  return new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER });
}

/** Makes a propagator of Zipkin's B3 that sends several headers, `x-b3-…`. It reads both encodings. */
export function b3multi(): TextMapPropagator {
  return new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
}

/**
 * The propagators that `OTEL_PROPAGATORS` names, `b3` and `b3multi` among them; where it names none, W3C trace context and
 * baggage. A name that there is not is warned of and passed over.
 *
 * @example
 * configureOpenTelemetry({ service: "chat", propagators: propagatorsFromEnvironment() });
 */
export function propagatorsFromEnvironment(): readonly (TextMapPropagator | PropagatorName)[] {
  return propagatorNamesOfEnvironment().map((name) => {
    if (name === "b3") return b3();
    return name === "b3multi" ? b3multi() : name;
  });
}

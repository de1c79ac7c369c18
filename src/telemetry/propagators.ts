import type { TextMapPropagator } from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  type B3Name,
  isB3Name,
  type PropagatorName,
  propagatorNamesOfEnvironment,
} from "./propagator-names.js";

/**
 * Makes one propagator of several.
 *
 * @param chosen - undefined for those that `OTEL_PROPAGATORS` names, or by default W3C trace context and baggage
 * @returns undefined where there is nothing to propagate with
 * @throws Error when the environment names B3, whose package is not loaded here
 */
export function makePropagator(
  chosen: readonly (TextMapPropagator | PropagatorName)[] | undefined,
): TextMapPropagator | undefined {
  const list = chosen ?? propagatorNamesOfEnvironment().map(withoutB3);
  const propagators = list.map((item) => (typeof item === "string" ? makers[item]() : item));
  return propagators.length <= 1 ? propagators[0] : new CompositePropagator({ propagators });
}

const makers: Readonly<Record<PropagatorName, () => TextMapPropagator>> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
};

function withoutB3(name: PropagatorName | B3Name): PropagatorName {
  if (!isB3Name(name)) return name;
  throw new Error(
    `configureOpenTelemetry: OTEL_PROPAGATORS names ${name}, which has an entry point of its own: import { propagatorsFromEnvironment } from "connect-clue/b3", and give propagators: propagatorsFromEnvironment()`,
  );
}

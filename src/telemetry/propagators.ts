import type { TextMapPropagator } from "@opentelemetry/api";
import { envChoices } from "./environment.js";
import { loadPeer, type Peers } from "./peers.js";

/** A propagator by the name that `OTEL_PROPAGATORS` has for it. */
export type PropagatorName = (typeof propagatorNames)[number];

/** The propagators that have a name. */
export const propagatorNames = ["tracecontext", "baggage", "b3", "b3multi"] as const;

/**
 * Makes one propagator of several.
 *
 * @param chosen - undefined for those that `OTEL_PROPAGATORS` names, or by default W3C trace context and baggage
 * @returns undefined where there is nothing to propagate with
 */
export function makePropagator(
  chosen: readonly (TextMapPropagator | PropagatorName)[] | undefined,
): TextMapPropagator | undefined {
  const list = chosen ?? fromEnvironment() ?? ["tracecontext", "baggage"];
  const propagators = list.map((item) => (typeof item === "string" ? makers[item]() : item));
  if (propagators.length <= 1) return propagators[0];
  return new (core().CompositePropagator)({ propagators });
}

function fromEnvironment(): readonly PropagatorName[] | undefined {
  const names = envChoices("OTEL_PROPAGATORS", [...propagatorNames, "none"]);
  return names.length === 0 ? undefined : names.filter((name) => name !== "none");
}

const makers: Readonly<Record<PropagatorName, () => TextMapPropagator>> = {
  tracecontext: () => new (core().W3CTraceContextPropagator)(),
  baggage: () => new (core().W3CBaggagePropagator)(),
  b3: () => makeB3((encodings) => encodings.SINGLE_HEADER),
  b3multi: () => makeB3((encodings) => encodings.MULTI_HEADER),
};

/** The SDK's packages bring it along. */
function core(): Peers["@opentelemetry/core"] {
  return loadPeer("@opentelemetry/core", "configureOpenTelemetry (propagators)", [
    "@opentelemetry/resources",
  ]);
}

function makeB3(
  encoding: (encodings: Peers["@opentelemetry/propagator-b3"]["B3InjectEncoding"]) => number,
): TextMapPropagator {
  const { B3Propagator, B3InjectEncoding } = loadPeer("@opentelemetry/propagator-b3", "the propagator b3");
  return new B3Propagator({ injectEncoding: encoding(B3InjectEncoding) });
}

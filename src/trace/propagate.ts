import {
  type Context,
  diag,
  context as otel,
  propagation,
  type TextMapPropagator,
  type TextMapSetter,
} from "@opentelemetry/api";
import { reportFault } from "../call/fault.js";

/** The propagator that is in force when none is given: the global one, which may be registered later. */
export const globalPropagator: TextMapPropagator = {
  inject(ctx, carrier, setter) {
    if (!injectsActiveOnly()) return propagation.inject(ctx, carrier, setter);
    return otel.with(ctx, () => propagation.inject(otel.active(), carrier, setter));
  },
  extract: (ctx, carrier, getter) => propagation.extract(ctx, carrier, getter),
  fields: () => propagation.fields(),
};

/** Sentry's propagator refuses to inject any context but the active one, which its manager derives from the one given. */
function injectsActiveOnly(): boolean {
  return propagation.fields().includes("sentry-trace");
}

/** Puts a context into headers. */
export function injectHeaders(propagator: TextMapPropagator, ctx: Context, header: Headers): void {
  try {
    propagator.inject(ctx, header, headerSetter);
  } catch (error) {
    reportFault(propagator, "the propagator", error);
  }
}

/** Says once that contexts go nowhere: spans are recorded, and nothing propagates them. */
export function warnWithoutPropagator(propagator: TextMapPropagator): void {
  if (warned || !isNoop(propagator)) return;
  warned = true;
  diag.warn(
    "connect-clue: spans are recorded, but the propagator is the no-op one: traces end at this process; " +
      "register a propagator (configureOpenTelemetry does), or give one as trace.propagator",
  );
}

let warned = false;

function isNoop(propagator: TextMapPropagator): boolean {
  try {
    return propagator.fields().length === 0;
  } catch (error) {
    reportFault(propagator, "the propagator", error);
    return false;
  }
}

const headerSetter: TextMapSetter<Headers> = {
  set(header, key, value) {
    header.set(key, value);
  },
};

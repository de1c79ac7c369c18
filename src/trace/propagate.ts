import {
  type Context,
  diag,
  context as otel,
  propagation,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
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

/** What the caller's headers say of its context. */
export interface RemoteParent {
  /** The context to start the server's span in, if the caller is trusted. */
  readonly ctx: Context;
  /** The caller's span; undefined when the caller sent none, or when the server is in its trace already. */
  readonly span: SpanContext | undefined;
}

/**
 * Reads the caller's context from headers. A span that is active already and belongs to the caller's trace stays the
 * parent: it is that of an instrumented HTTP server, which read the same headers before.
 */
export function extractHeaders(propagator: TextMapPropagator, ctx: Context, header: Headers): RemoteParent {
  const extracted = extract(propagator, ctx, header);
  const active = trace.getSpan(ctx);
  const span = trace.getSpanContext(extracted);
  if (span === undefined || span === active?.spanContext()) return { ctx: extracted, span: undefined };
  return active !== undefined && isInstrumentedServer(active.spanContext(), span)
    ? { ctx: trace.setSpan(extracted, active), span: undefined }
    : { ctx: extracted, span };
}

function extract(propagator: TextMapPropagator, ctx: Context, header: Headers): Context {
  try {
    return propagator.extract(ctx, header, headerGetter);
  } catch (error) {
    reportFault(propagator, "the propagator", error);
    return ctx;
  }
}

/** In one process the caller's own span is active as well: that one is the caller, not a server in between. */
function isInstrumentedServer(active: SpanContext, caller: SpanContext): boolean {
  return active.traceId === caller.traceId && active.spanId !== caller.spanId;
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

const headerGetter: TextMapGetter<Headers> = {
  get: (header, key) => header.get(key) ?? undefined,
  keys: (header) => [...header.keys()],
};

import type { DescMethod } from "@bufbuild/protobuf";
import type { Attributes, AttributeValue, TextMapPropagator, TracerProvider } from "@opentelemetry/api";
import { aFunction, checkOptions, flag, headerNames, oneOf, withMethods } from "../call/check-options.js";
import { guarded } from "../call/fault.js";
import { compileFilter, type MethodFilter } from "../call/method-filter.js";
import { isOperation } from "../call/operations.js";
import type { CallInfo } from "../call/types.js";
import type { CarrierKind } from "./carrier.js";

/** The `trace` options of the interceptors. */
export interface TraceOptions {
  /** Default: the global tracer provider, as it is when a call begins. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the global propagator. */
  readonly propagator?: TextMapPropagator;
  /**
   * Whether the other side's trace is continued. With false, a server's span begins a trace of its own and links to the
   * caller's, baggage is not taken, and the metadata of messages becomes links on message spans. Default true.
   */
  readonly trustRemote?: boolean;
  /**
   * The methods that have spans. The contexts of all others are propagated nevertheless. Default: all but those of
   * health, reflection and debug services.
   */
  readonly filter?: MethodFilter;
  /**
   * The span of a stream. `whole`: it lasts as long as the stream. `linked`: for streams that never end, one short span
   * tells of the opening and another one, its child and linked to it, of the end. `off`: none; messages and log lines
   * have the caller's context. Unary calls have their span in any case. Default `whole`.
   */
  readonly streamSpan?: "whole" | "linked" | "off";
  /**
   * A consumer span for each message that a stream receives, from its receipt until the next one is asked for or its
   * callback has ended. `child`: of the message's own context. `linked`: the root of a trace of its own, with links to
   * the message's context and to the stream's span. Default `off`.
   */
  readonly messageSpans?: "off" | "linked" | "child";
  /** Which part of the messages may have a span, from 0 to 1: drawn at random, before the sampler is asked. Default 1. */
  readonly messageSpanRatio?: number;
  /**
   * Where a message's metadata travels. `field`: in a field `map<string, string> trace_metadata`, for types that have
   * one. `unknown-field`: there, and for other types as field 101 that the schema does not know; JSON leaves it out.
   * Default `field`.
   */
  readonly carrier?: CarrierKind;
  /** Request headers that become attributes. Default: none. */
  readonly requestHeaders?: readonly string[];
  /** Response headers that become attributes; of a stream with two spans, those of its end. Default: none. */
  readonly responseHeaders?: readonly string[];
  /**
   * Says which attributes the kit sets on its spans and their events. Without `exception.message` the status has no
   * description either. Default: all.
   */
  readonly attributeFilter?: (key: string, value: AttributeValue, call: CallInfo) => boolean;
  /** Whether a server puts its span's context into the response headers, too. Default false. */
  readonly propagateResponse?: boolean;
}

/** Options, checked and complete. */
export interface ResolvedTraceOptions {
  readonly tracerProvider: TracerProvider | undefined;
  readonly propagator: TextMapPropagator | undefined;
  readonly trustRemote: boolean;
  readonly hasSpan: (method: DescMethod) => boolean;
  readonly streamSpan: "whole" | "linked" | "off";
  readonly messageSpans: "off" | "linked" | "child";
  readonly messageSpanRatio: number;
  readonly carrier: CarrierKind;
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  /** The attributes that may be set on a call's spans. */
  readonly allowed: (attributes: Attributes, call: CallInfo) => Attributes;
  readonly propagateResponse: boolean;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function resolveTraceOptions(options: TraceOptions): ResolvedTraceOptions {
  checkOptions("trace", options, {
    tracerProvider: withMethods("getTracer"),
    propagator: withMethods("inject", "extract", "fields"),
    trustRemote: flag,
    filter: undefined,
    streamSpan: oneOf("whole", "linked", "off"),
    messageSpans: oneOf("off", "linked", "child"),
    messageSpanRatio: {
      accepts: "a number from 0 to 1",
      isGood: (value) => typeof value === "number" && value >= 0 && value <= 1,
    },
    carrier: oneOf("field", "unknown-field"),
    requestHeaders: headerNames,
    responseHeaders: headerNames,
    attributeFilter: aFunction,
    propagateResponse: flag,
  });
  const { filter, attributeFilter } = options;
  return {
    tracerProvider: options.tracerProvider,
    propagator: options.propagator,
    trustRemote: options.trustRemote ?? true,
    hasSpan: filter === undefined ? (method) => !isOperation(method) : compileFilter(filter, "trace.filter"),
    streamSpan: options.streamSpan ?? "whole",
    messageSpans: options.messageSpans ?? "off",
    messageSpanRatio: options.messageSpanRatio ?? 1,
    carrier: options.carrier ?? "field",
    requestHeaders: lowerCase(options.requestHeaders),
    responseHeaders: lowerCase(options.responseHeaders),
    allowed: attributeFilter === undefined ? (attributes) => attributes : allowedBy(attributeFilter),
    propagateResponse: options.propagateResponse ?? false,
  };
}

/** A filter that throws lets nothing through: it may have been there to keep secrets. */
function allowedBy(filter: NonNullable<TraceOptions["attributeFilter"]>): ResolvedTraceOptions["allowed"] {
  const isAllowed = guarded(filter, "the trace.attributeFilter function", () => false);
  return (attributes, call) => {
    const allowed: Attributes = {};
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && isAllowed(key, value, call)) allowed[key] = value;
    }
    return allowed;
  };
}

function lowerCase(names: readonly string[] = []): readonly string[] {
  return names.map((name) => name.toLowerCase());
}

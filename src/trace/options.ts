import type { DescMethod } from "@bufbuild/protobuf";
import type { Attributes, AttributeValue, TextMapPropagator, TracerProvider } from "@opentelemetry/api";
import { guarded } from "../call/fault.js";
import { compileFilter, type MethodFilter } from "../call/method-filter.js";
import { isOperation } from "../call/operations.js";
import { checkKnown, isHeaderName, unexpected } from "../call/options.js";
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
  checkKnown("trace", options, known);
  const { tracerProvider, propagator, filter, attributeFilter } = options;
  return {
    tracerProvider: withMethods("tracerProvider", tracerProvider, ["getTracer"]),
    propagator: withMethods("propagator", propagator, ["inject", "extract", "fields"]),
    trustRemote: flag("trustRemote", options.trustRemote, true),
    hasSpan: filter === undefined ? (method) => !isOperation(method) : compileFilter(filter, "trace.filter"),
    streamSpan: oneOf("streamSpan", options.streamSpan, ["whole", "linked", "off"]),
    messageSpans: oneOf("messageSpans", options.messageSpans, ["off", "linked", "child"]),
    messageSpanRatio: ratio("messageSpanRatio", options.messageSpanRatio),
    carrier: oneOf("carrier", options.carrier, ["field", "unknown-field"]),
    requestHeaders: headerNames("requestHeaders", options.requestHeaders),
    responseHeaders: headerNames("responseHeaders", options.responseHeaders),
    allowed: attributeFilter === undefined ? (attributes) => attributes : allowedBy(attributeFilter),
    propagateResponse: flag("propagateResponse", options.propagateResponse, false),
  };
}

const known: readonly (keyof TraceOptions)[] = [
  "tracerProvider",
  "propagator",
  "trustRemote",
  "filter",
  "streamSpan",
  "messageSpans",
  "messageSpanRatio",
  "carrier",
  "requestHeaders",
  "responseHeaders",
  "attributeFilter",
  "propagateResponse",
];

/** A filter that throws lets nothing through: it may have been there to keep secrets. */
function allowedBy(filter: NonNullable<TraceOptions["attributeFilter"]>): ResolvedTraceOptions["allowed"] {
  if (typeof filter !== "function") throw wrong("attributeFilter", "a function", filter);
  const isAllowed = guarded(filter, "the trace.attributeFilter function", () => false);
  return (attributes, call) => {
    const allowed: Attributes = {};
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && isAllowed(key, value, call)) allowed[key] = value;
    }
    return allowed;
  };
}

function withMethods<T extends object>(
  name: keyof TraceOptions,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): T | undefined {
  if (value === undefined) return undefined;
  if (
    typeof value !== "object" ||
    value === null ||
    methods.some((method) => typeof value[method] !== "function")
  ) {
    throw wrong(name, `an object with ${methods.join(", ")}`, value);
  }
  return value;
}

function flag(name: keyof TraceOptions, value: boolean | undefined, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== "boolean") throw wrong(name, "true or false", value);
  return value;
}

/** The first of the values is the default. */
function oneOf<T extends string>(
  name: keyof TraceOptions,
  value: T | undefined,
  values: readonly [T, ...T[]],
): T {
  if (value === undefined) return values[0];
  if (!values.includes(value)) {
    throw wrong(name, values.map((allowed) => JSON.stringify(allowed)).join(" or "), value);
  }
  return value;
}

function ratio(name: keyof TraceOptions, value = 1): number {
  if (typeof value !== "number" || !(value >= 0 && value <= 1))
    throw wrong(name, "a number from 0 to 1", value);
  return value;
}

function headerNames(name: keyof TraceOptions, value: readonly string[] = []): readonly string[] {
  if (!Array.isArray(value) || !value.every(isHeaderName)) throw wrong(name, "a list of header names", value);
  return value.map((header: string) => header.toLowerCase());
}

function wrong(name: keyof TraceOptions, accepted: string, got: unknown): TypeError {
  return unexpected(`trace.${name}`, accepted, got);
}

import {
  type Attributes,
  type Context,
  type SpanContext,
  SpanKind,
  type TextMapGetter,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { peerAddress } from "../call/address.js";
import type { Call } from "../call/call.js";
import { reportFault } from "../call/fault.js";
import { networkPeerAddress, networkPeerPort } from "../call/semconv.js";
import { addAddress } from "./rpc-span.js";
import type { FindParent } from "./span-parent.js";

/** A server's: in the context of the remote caller, if that is trusted. */
export const remoteParent: FindParent = (call, { trustRemote }, propagator) => {
  const { ctx, span } = extractHeaders(propagator, call.ctx, call.header);
  const start = { kind: SpanKind.SERVER, attributes: peerAttributes(call) };
  if (trustRemote) return { ctx, start, caller: ctx };
  if (span === undefined) return { ctx: call.ctx, start };
  // In one process the caller's span is the active one. Any other is of this side, and stays the parent.
  const root = trace.getSpanContext(call.ctx)?.spanId === span.spanId;
  return { ctx: call.ctx, start: { ...start, root, links: [{ context: span }] } };
};

function peerAttributes({ peer }: Call): Attributes {
  const attributes: Attributes = {};
  if (peer !== undefined) addAddress(attributes, peerAddress(peer), networkPeerAddress, networkPeerPort);
  return attributes;
}

/** What the caller's headers say of its context. */
interface RemoteParent {
  /** The context to start the server's span in, if the caller is trusted. */
  readonly ctx: Context;
  /** The caller's span; undefined when the caller sent none, or when the server is in its trace already. */
  readonly span: SpanContext | undefined;
}

/**
 * Reads the caller's context from headers. A span that is active already and belongs to the caller's trace stays the
 * parent: it is that of an instrumented HTTP server, which read the same headers before.
 */
function extractHeaders(propagator: TextMapPropagator, ctx: Context, header: Headers): RemoteParent {
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

const headerGetter: TextMapGetter<Headers> = {
  get: (header, key) => header.get(key) ?? undefined,
  keys: (header) => [...header.keys()],
};

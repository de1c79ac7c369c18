import { type Context, SpanKind, type SpanOptions, type TextMapPropagator } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import type { ResolvedTraceOptions } from "./options.js";

/** Where a call's span starts. */
export interface SpanParent {
  readonly ctx: Context;
  readonly start: SpanStart;
  /** The context that a trusted caller's headers told. */
  readonly caller?: Context;
}

/** What a call's span starts with: its kind, its links, and the attributes that this side alone has. */
export type SpanStart = SpanOptions & { readonly kind: SpanKind };

/** Finds where a call's span starts: on each side in another way, and neither side's bundle has the other's. */
export type FindParent = (
  call: Call,
  options: ResolvedTraceOptions,
  propagator: TextMapPropagator,
) => SpanParent;

/** A client's: in the context of whoever makes the call. */
export const localParent: FindParent = ({ ctx }) => ({ ctx, start: { kind: SpanKind.CLIENT } });

import { type Context, type Span, TraceFlags } from "@opentelemetry/api";
import { type Call, callOf } from "../call/call.js";
import { check, needMethods } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { CallSpans } from "./call-spans.js";
import { SpanBuffer, SpanLedger } from "./held-spans.js";
import { promoted } from "./probability.js";
import { Decision, type ReadableSpanLike, type SamplerLike, type SpanProcessorLike } from "./sdk-types.js";

/** Options of buffered spans. */
export interface BufferSpansOptions {
  /** Whether spans are exported when a call fails: with any outcome but `ok` and a client's own `canceled`. Default true. */
  readonly onError?: boolean;
  /** Spans are exported, too, when the outermost call takes longer than this, in milliseconds. Default: no limit. */
  readonly slowerThanMs?: number;
  /** How many spans one call and those made in it hold back: the last ones. Default 100. */
  readonly maxSpansPerCall?: number;
  /** How many spans the process holds back. Default 10,000. */
  readonly maxSpans?: number;
}

/**
 * Does for spans what the log does for lines: those of a call that is not sampled are held back, and exported when it
 * fails or is slow, else forgotten. The spans made inside belong to it, and so do the calls made inside, with all of
 * theirs. When one of these fails, what led up to it is exported, even if the outermost call then succeeds.
 *
 * Calls are those that the kit's interceptors observe. Other services learn that the call is not sampled: their part of
 * the trace is missing. What is exported so carries no threshold (`ot=th`), since no probability led to it.
 *
 * @param sampler - decides which spans are sampled by themselves; outside of calls, alone
 * @param next - where spans are exported. It hears of the start of every span, and once of its end, with the sampled flag
 *   on those that are to be exported
 * @returns a sampler and a processor, for one tracer provider
 * @throws TypeError for a bad option or argument: it names it, what it got and what it accepts
 */
export function bufferSpans(
  options: BufferSpansOptions,
  sampler: SamplerLike,
  next: SpanProcessorLike,
): { readonly sampler: SamplerLike; readonly processor: SpanProcessorLike } {
  const resolved = resolveBufferSpans(options);
  needMethods("bufferSpans: sampler", sampler, ["shouldSample"]);
  needMethods("bufferSpans: next", next, ["onStart", "onEnd", "forceFlush", "shutdown"]);
  return { sampler: recordingSampler(sampler), processor: new BufferingProcessor(resolved, next) };
}

/** Has the spans of calls recorded that are not sampled. */
function recordingSampler(sampler: SamplerLike): SamplerLike {
  return {
    shouldSample(context, ...span) {
      const result = sampler.shouldSample(context, ...span);
      if (result.decision === Decision.recordAndSample || callOf(context) === undefined) return result;
      return promoted(result, Decision.record, context);
    },
    toString: () => `Buffered{${sampler}}`,
  };
}

/** Holds back the spans of calls until it is known how the calls end. */
class BufferingProcessor implements SpanProcessorLike {
  private readonly ledger: SpanLedger;
  private readonly ofCall = new WeakMap<Call, CallSpans>();
  private readonly ofSpan = new WeakMap<ReadableSpanLike, CallSpans>();
  private isShutDown = false;

  constructor(
    private readonly options: Required<BufferSpansOptions>,
    private readonly next: SpanProcessorLike,
  ) {
    this.ledger = new SpanLedger(options.maxSpans);
  }

  onStart(span: Span & ReadableSpanLike, parentContext: Context): void {
    this.next.onStart(span, parentContext);
    const isSampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
    const call = isSampled ? undefined : callOf(parentContext);
    if (call !== undefined) this.ofSpan.set(span, this.spansOf(call));
  }

  onEnding(span: Span & ReadableSpanLike): void {
    this.next.onEnding?.(span);
  }

  onEnd(span: ReadableSpanLike): void {
    const spans = this.ofSpan.get(span);
    // A WeakMap whose entries are left to the garbage collector costs microseconds for each.
    if (spans !== undefined) this.ofSpan.delete(span);
    if (spans === undefined || this.isShutDown) this.next.onEnd(span);
    else spans.add(span);
  }

  forceFlush(): Promise<void> {
    return this.next.forceFlush();
  }

  /** What is held back then is given up. */
  shutdown(): Promise<void> {
    this.isShutDown = true;
    this.ledger.clear();
    return this.next.shutdown();
  }

  /** The spans that a call's belong to: those of the call that it was made in, as long as that one runs. */
  private spansOf(call: Call): CallSpans {
    let spans = this.ofCall.get(call);
    if (spans === undefined) {
      spans = this.outerSpans(call) ?? this.newSpans(call);
      this.ofCall.set(call, spans);
      call.whenEnded(this.callEnded);
    }
    return spans;
  }

  private outerSpans({ parent }: Call): CallSpans | undefined {
    const outer = callOf(parent);
    const spans = outer && this.spansOf(outer);
    return spans?.call.outcome === undefined ? spans : undefined;
  }

  private newSpans(call: Call): CallSpans {
    const buffer = new SpanBuffer(this.ledger, this.options.maxSpansPerCall, this.next);
    return new CallSpans(call, buffer, this.next, this.isKept);
  }

  private readonly callEnded = (call: Call): void => {
    const spans = this.ofCall.get(call);
    this.ofCall.delete(call);
    if (spans?.call === call) spans.end();
    else if (this.options.onError && isFailure(call)) spans?.failed();
  };

  private readonly isKept = (call: Call): boolean => {
    const { onError, slowerThanMs } = this.options;
    return (onError && isFailure(call)) || (call.outcome?.durationMs ?? 0) > slowerThanMs;
  };
}

/** A client that cancels its own call wanted just that. */
function isFailure({ outcome, side }: Call): boolean {
  if (outcome === undefined || outcome.type === "ok") return false;
  return outcome.type !== "canceled" || side !== "client";
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function resolveBufferSpans(options: BufferSpansOptions): Required<BufferSpansOptions> {
  checkKnown("bufferSpans", options, ["onError", "slowerThanMs", "maxSpansPerCall", "maxSpans"]);
  const { onError = true, slowerThanMs, maxSpansPerCall = 100, maxSpans = 10_000 } = options;
  check("bufferSpans: onError", onError, "true or false", (value) => typeof value === "boolean");
  check("bufferSpans: slowerThanMs", slowerThanMs, "a number of milliseconds", isNumberFrom(0));
  check("bufferSpans: maxSpansPerCall", maxSpansPerCall, "a number from 1 on", isNumberFrom(1));
  check("bufferSpans: maxSpans", maxSpans, "a number from 1 on", isNumberFrom(1));
  if (!onError && slowerThanMs === undefined) {
    throw new TypeError(
      "bufferSpans: with onError: false it needs slowerThanMs, or nothing is ever exported",
    );
  }
  return { onError, slowerThanMs: slowerThanMs ?? Number.POSITIVE_INFINITY, maxSpansPerCall, maxSpans };
}

function isNumberFrom(least: number): (value: unknown) => boolean {
  return (value) => typeof value === "number" && value >= least;
}

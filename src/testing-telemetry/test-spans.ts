import type { Span, TextMapPropagator, TracerProvider } from "@opentelemetry/api";
import { TracerProvider as SdkTracerProvider } from "@opentelemetry/sdk-trace";
import { checkMethods } from "../call/check.js";
import { checkKnown, unexpected } from "../call/options.js";
import { Awaited, type WaitingOptions, waitingMs } from "../mock/awaited.js";
import type { ReadableSpanLike, SamplerLike, SpanProcessorLike } from "../telemetry/sdk-types.js";
import { lastLines } from "../testing/last-lines.js";
import { spanTree } from "../testing/span-tree.js";
import { comparable, type TestSpan } from "../testing/test-span.js";
import { w3c } from "./w3c.js";

/** Options of {@link testSpans}. */
export interface TestSpansOptions {
  /** Which spans are sampled. Default: all. */
  readonly sampler?: SamplerLike;
  /** How contexts travel. Default: W3C Trace Context and Baggage. */
  readonly propagator?: TextMapPropagator;
  /** What else hears of the spans. */
  readonly spanProcessors?: readonly SpanProcessorLike[];
}

/** A tracer provider whose spans a test reads. */
export interface TestSpans {
  /** The tracer provider and the propagator, for the interceptors' `trace` option. */
  readonly options: { readonly tracerProvider: TracerProvider; readonly propagator: TextMapPropagator };
  /** The spans that have ended, in the order in which they did, as the SDK has them. */
  finished(): readonly ReadableSpanLike[];
  /** All spans, in the order in which they began, to be compared as a whole. */
  all(): readonly TestSpan[];
  /** All spans as text to read, each indented under its parent. */
  tree(): string;
  /**
   * Waits until there are `count` spans and each of them has ended.
   *
   * @returns all spans, as `all()` has them
   * @throws Error when that does not come in time: it tells what there was instead
   */
  ended(count: number, options?: WaitingOptions): Promise<readonly TestSpan[]>;
  /** Forgets all spans so far, also those that have not ended. */
  clear(): void;
}

/**
 * Makes a tracer provider that keeps its spans, for a test to read. It registers nothing: spans are made by whoever is
 * given it. Spans that are not recorded are not kept.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const spans = testSpans();
 * const call = testCall(ChatService.method.say, say, { interceptors: [serverInterceptor({ trace: spans.options })] });
 * expect(await spans.ended(1)).toEqual([…]);
 */
export function testSpans(options: TestSpansOptions = {}): TestSpans {
  checkKnown("testSpans", options, ["sampler", "propagator", "spanProcessors"]);
  const { sampler, propagator, spanProcessors = [] } = options;
  checkMethods("testSpans: sampler", sampler, ["shouldSample"]);
  checkMethods("testSpans: propagator", propagator, ["inject", "extract", "fields"]);
  if (!Array.isArray(spanProcessors)) {
    throw unexpected("testSpans: spanProcessors", "a list of span processors", spanProcessors);
  }
  const kept = new KeptSpans();
  const tracerProvider = new SdkTracerProvider({
    spanProcessors: [kept, ...spanProcessors],
    ...(sampler && { sampler }),
  });
  return {
    options: { tracerProvider, propagator: propagator ?? w3c() },
    finished: () => [...kept.finished],
    all: () => kept.all(),
    tree: () => spanTree(kept.all()),
    ended: (count, waiting) => kept.ended(count, waiting),
    clear: () => kept.clear(),
  };
}

/** The processor that keeps spans. */
class KeptSpans implements SpanProcessorLike {
  readonly started = new Set<ReadableSpanLike>();
  finished: ReadableSpanLike[] = [];
  private readonly awaited = new Awaited();

  onStart(span: Span & ReadableSpanLike): void {
    this.started.add(span);
    this.awaited.changed();
  }

  onEnd(span: ReadableSpanLike): void {
    if (this.started.has(span)) this.finished.push(span);
    this.awaited.changed();
  }

  async ended(count: number, options?: WaitingOptions): Promise<readonly TestSpan[]> {
    if (!Number.isInteger(count) || count < 0) throw unexpected("ended(count)", "a number of spans", count);
    const timeoutMs = waitingMs("ended", options);
    await this.awaited.until(
      () => (this.started.size >= count && this.finished.length === this.started.size ? true : undefined),
      timeoutMs,
      () => `not ${count} ended spans within ${timeoutMs} ms; ${this.summary()}`,
    );
    return this.all();
  }

  all(): readonly TestSpan[] {
    return comparable([...this.started]);
  }

  clear(): void {
    this.started.clear();
    this.finished = [];
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  private summary(): string {
    if (this.started.size === 0) return "there was none";
    return `there were ${this.started.size}:\n${lastLines(spanTree(this.all()).split("\n"))}`;
  }
}

import { metrics as api, type MeterProvider } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import type { CallInfo, CallObserver, CallObserverFactory, Outcome, Side } from "../call/types.js";
import type { LiveStream, MethodMetrics } from "./method-metrics.js";
import { type MetricsOptions, resolveMetricsOptions } from "./options.js";
import { type SideMetrics, sideMetrics } from "./side-metrics.js";

/**
 * The metrics' observer factory. It goes after the trace's, so that a value is recorded in the context of its span.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function metricsObserver(side: Side, options: MetricsOptions): CallObserverFactory {
  const { meterProvider, isMeasured } = resolveMetricsOptions(options);
  const present = metricsSource(meterProvider, side);
  return (info: CallInfo) => {
    if (!isMeasured(info.desc)) return undefined;
    const method = present()?.method(info.path);
    if (method === undefined) return undefined;
    const call = info as Call;
    return call.kind === "unary" ? new CallMetrics(call, method) : new StreamMetrics(call, method);
  };
}

/** Gives the metrics of a provider, or of the global one as it is when asked: it may be registered later. */
function metricsSource(given: MeterProvider | undefined, side: Side): () => SideMetrics | undefined {
  let provider: MeterProvider | undefined;
  let metrics: SideMetrics | undefined;
  return () => {
    const present = given ?? api.getMeterProvider();
    if (present !== provider) {
      provider = present;
      // A provider that throws is asked once, and measures nothing.
      metrics = undefined;
      metrics = sideMetrics(present, side);
    }
    return metrics;
  };
}

/** The metrics of one call. */
class CallMetrics implements CallObserver {
  constructor(
    readonly call: Call,
    protected readonly method: MethodMetrics,
  ) {
    method.callBegins();
  }

  onEnd(outcome: Outcome): void {
    this.method.callEnds(this.call, outcome);
  }
}

/** The metrics of one stream: what a single duration does not tell. */
class StreamMetrics extends CallMetrics implements LiveStream {
  lastMessageAt: number;
  private longestGapMs = -1;
  private hasMessages = false;
  private isAnswered = false;

  constructor(call: Call, method: MethodMetrics) {
    super(call, method);
    this.lastMessageAt = call.startedAt;
    method.streamBegins(this);
  }

  onReceive(): void {
    this.onMessage(this.call.side === "client");
  }

  onSend(): void {
    this.onMessage(this.call.side === "server");
  }

  override onEnd(outcome: Outcome): void {
    this.method.streamEnds(this);
    super.onEnd(outcome);
    if (this.longestGapMs >= 0) this.record("longestGap", this.longestGapMs);
  }

  private onMessage(isAnswer: boolean): void {
    const now = performance.now();
    if (this.hasMessages) this.longestGapMs = Math.max(this.longestGapMs, now - this.lastMessageAt);
    this.hasMessages = true;
    this.lastMessageAt = now;
    if (!isAnswer || this.isAnswered) return;
    this.isAnswered = true;
    this.record("timeToFirstMessage", now - this.call.startedAt);
  }

  private record(histogram: "timeToFirstMessage" | "longestGap", ms: number): void {
    this.method.histograms[histogram].record(ms / 1000, this.method.attributes, this.call.ctx);
  }
}

import type { Attributes, BatchObservableResult } from "@opentelemetry/api";
import type { Call } from "../call/call.js";
import { connectRpc, rpcMethod, rpcSystemName } from "../call/semconv.js";
import type { Outcome, Side } from "../call/types.js";
import { CallAttributes } from "./call-attributes.js";
import type { Histograms, Observables } from "./instruments.js";

/** A stream in flight, as far as it is read when metrics are collected. */
export interface LiveStream {
  /** Its counts so far. */
  readonly call: Pick<Call, "received" | "sent" | "ignoredMetadata">;
  /** When it began or had its last message, on the clock of `performance.now()`. */
  readonly lastMessageAt: number;
}

/** The metrics of one method on one side: plain numbers, which are read when metrics are collected. */
export class MethodMetrics {
  /** Of all its metrics but the durations of calls. */
  readonly attributes: Attributes;
  private readonly callAttributes: CallAttributes;
  private active = 0;
  /** Messages of calls that have ended; those of streams in flight are added when they are read. */
  private received = 0;
  private sent = 0;
  private ignored = 0;
  /** Undefined until the method has had a stream: a unary one never has. */
  private streams: Set<LiveStream> | undefined;

  constructor(
    side: Side,
    readonly histograms: Histograms,
    method: string,
  ) {
    this.attributes = { [rpcSystemName]: connectRpc, [rpcMethod]: method };
    this.callAttributes = new CallAttributes(side, this.attributes);
  }

  callBegins(): void {
    this.active++;
  }

  /** The plain numbers go first: an instrument that throws must not leave the call counted as active. */
  callEnds(call: Call, { code, durationMs, received, sent }: Outcome): void {
    this.active--;
    this.received += received;
    this.sent += sent;
    this.ignored += call.ignoredMetadata;
    const attributes = this.callAttributes.of(call.request.url, code);
    this.histograms.callDuration.record(durationMs / 1000, attributes, call.ctx);
  }

  streamBegins(stream: LiveStream): void {
    this.streams ??= new Set();
    this.streams.add(stream);
  }

  streamEnds(stream: LiveStream): void {
    this.streams?.delete(stream);
  }

  /** Tells the numbers as they are now. */
  observe(result: BatchObservableResult, observables: Observables): void {
    const { attributes, streams = [] } = this;
    const now = performance.now();
    let { received, sent, ignored } = this;
    let silenceMs = 0;
    for (const { call, lastMessageAt } of streams) {
      received += call.received;
      sent += call.sent;
      ignored += call.ignoredMetadata;
      silenceMs = Math.max(silenceMs, now - lastMessageAt);
    }
    result.observe(observables.activeCalls, this.active, attributes);
    result.observe(observables.receivedMessages, received, attributes);
    result.observe(observables.sentMessages, sent, attributes);
    if (ignored > 0) result.observe(observables.ignoredMetadata, ignored, attributes);
    if (this.streams === undefined) return;
    result.observe(observables.activeStreams, this.streams.size, attributes);
    result.observe(observables.longestSilence, silenceMs / 1000, attributes);
  }
}

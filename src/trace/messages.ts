import type { Message } from "@bufbuild/protobuf";
import { type Context, type SpanContext, type TextMapPropagator, trace } from "@opentelemetry/api";
import type { Call, MessageTrace } from "../call/call.js";
import { reportFault } from "../call/fault.js";
import type { Outcome } from "../call/types.js";
import type { Carrier, Metadata } from "./carrier.js";
import type { MessageSpans } from "./message-span.js";
import { MetadataPropagator } from "./metadata.js";
import { isSameTrace } from "./same-trace.js";

/** What the messages of one stream are traced with. */
export interface MessageTracing {
  readonly propagator: TextMapPropagator;
  readonly trustRemote: boolean;
  /** The context that the stream's headers told: a message that tells the same belongs to the stream. */
  readonly caller: Context | undefined;
  /** Where received and sent messages carry their metadata; undefined where they can carry none. */
  readonly received: Carrier | undefined;
  readonly sent: Carrier | undefined;
  readonly spans: MessageSpans | undefined;
}

/** Gives each received message of a stream its own context, and each sent one the metadata of its own. */
export class StreamMessages implements MessageTrace {
  private propagation: MetadataPropagator | undefined = undefined;

  constructor(
    private readonly call: Call,
    private readonly tracing: MessageTracing,
  ) {}

  /** The context of a received message: `ctx`, the stream's own, unless its metadata or a span of its own says another. */
  received(ctx: Context, message: Message, n: number): Context {
    const { trustRemote, spans } = this.tracing;
    const told = this.told(message);
    const own = told === undefined || !trustRemote ? ctx : told;
    return spans === undefined ? own : spans.start(own, trustRemote ? undefined : spanOf(told), n);
  }

  outgoing(ctx: Context, message: Message): Message {
    const carrier = this.tracing.sent;
    if (carrier === undefined) return message;
    const metadata = this.toTell(ctx);
    return metadata === undefined ? carrier.clear(message) : carrier.write(message, metadata);
  }

  messageDone(): void {
    this.tracing.spans?.end();
  }

  end(outcome: Outcome): void {
    this.tracing.spans?.end(outcome);
  }

  /** What a message that is sent in `ctx` has to say of it. */
  private toTell(ctx: Context): Metadata | undefined {
    if (ctx === this.call.ctx) return undefined;
    try {
      return this.metadata.inject(ctx);
    } catch (error) {
      reportFault(this.tracing.propagator, "the propagator", error);
      return undefined;
    }
  }

  /** What a message says of its own context. Metadata that is of no use is counted, and nothing else. */
  private told(message: Message): Context | undefined {
    try {
      const metadata = this.tracing.received?.read(message);
      if (metadata === undefined) return undefined;
      const ctx = this.metadata.extract(metadata);
      if (ctx !== undefined) return this.isCallers(ctx) ? undefined : ctx;
    } catch {
      // Bytes that are no metadata, or a propagator that chokes on them.
    }
    this.call.ignoredMetadata++;
    return undefined;
  }

  /** Clue in Go sends metadata with every message of a traced stream: that of most is what the headers told before. */
  private isCallers(ctx: Context): boolean {
    const { caller } = this.tracing;
    return caller !== undefined && isSameTrace(ctx, caller);
  }

  /** Most streams never carry any: made for the first message that does. */
  private get metadata(): MetadataPropagator {
    this.propagation ??= new MetadataPropagator(this.tracing.propagator, this.call.ctx);
    return this.propagation;
  }
}

function spanOf(ctx: Context | undefined): SpanContext | undefined {
  return ctx && trace.getSpanContext(ctx);
}

import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Attributes, Context } from "@opentelemetry/api";
import { type ReadableSpan, type Span, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { clientInterceptor, serverInterceptor, type TraceOptions } from "connect-clue";
import { type BufferSpansOptions, bufferSpans, type SamplerLike } from "connect-clue/telemetry";
import type { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { parentBased } from "../../src/telemetry/parent-based.js";
import { probabilitySampler } from "../../src/telemetry/probability.js";
import { w3c } from "../../src/testing-telemetry/w3c.js";
import { type Chat, chatOver } from "./context-chat.js";
import { until } from "./until.js";

/** Samples no trace; spans follow their parents. */
export const neverSampled: SamplerLike = parentBased(probabilitySampler(0));

/** A tracer provider with buffered spans, and what comes out behind them. */
export class BufferedTraces implements SpanProcessor {
  /** The tracer provider and the propagator, as the interceptors' `trace` option takes them. */
  readonly options: Required<Pick<TraceOptions, "tracerProvider" | "propagator">>;
  /** All that has come out, with the sampled flag or without. */
  readonly ended: ReadableSpan[] = [];
  /** What was called, but for spans. */
  readonly calls: string[] = [];
  started = 0;

  constructor(options: BufferSpansOptions = {}, sampler: SamplerLike = neverSampled) {
    const { sampler: outermost, processor } = bufferSpans(options, sampler, this);
    const tracerProvider = new TracerProvider({ sampler: outermost, spanProcessors: [processor] });
    this.options = { tracerProvider, propagator: w3c() };
  }

  get tracer() {
    return this.options.tracerProvider.getTracer("test");
  }

  get provider(): TracerProvider {
    return this.options.tracerProvider as TracerProvider;
  }

  /** What an exporter behind it would send. */
  get exported(): ReadableSpan[] {
    return this.ended.filter((span) => span.spanContext().traceFlags === 1);
  }

  /** The names of what an exporter behind it would send. */
  get names(): string[] {
    return this.exported.map(({ name }) => name);
  }

  /** The attributes of what an exporter behind it would send. */
  get attributes(): Attributes[] {
    return this.exported.map(({ attributes }) => attributes);
  }

  onStart(_span: Span): void {
    this.started++;
  }

  onEnd(span: ReadableSpan): void {
    this.ended.push(span);
  }

  async forceFlush(): Promise<void> {
    this.calls.push("forceFlush");
  }

  async shutdown(): Promise<void> {
    this.calls.push("shutdown");
  }
}

/** Makes a span and ends it. */
export function makeSpan(traces: BufferedTraces, name: string, ctx: Context): void {
  traces.tracer.startSpan(name, {}, ctx).end();
}

/** All spans that were started have come out. */
export function allEnded(traces: BufferedTraces): Promise<void> {
  return until(() => traces.ended.length === traces.started);
}

/** A client of a chat whose server is traced. */
export async function tracedServer(traces: BufferedTraces, chat: Chat): Promise<Client<typeof ChatService>> {
  const server = serverInterceptor({ log: false, metrics: false, trace: traces.options });
  return (await chatOver("gRPC", chat, { server: [server] })).client;
}

/** A traced client of a chat whose server is not. */
export async function tracedClient(traces: BufferedTraces, chat: Chat): Promise<Client<typeof ChatService>> {
  const client = clientInterceptor({ log: false, metrics: false, trace: traces.options });
  return (await chatOver("gRPC", chat, { client: [client] })).client;
}

/** What handlers of these tests fail with. */
export const notFound: ConnectError = new ConnectError("not here", Code.NotFound);

/** A chat that fails. */
export const failingChat: Chat = {
  say() {
    throw notFound;
  },
};

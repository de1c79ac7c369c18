import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { ContextKey, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { coarseTime } from "./coarse-time.js";
import { reportFault } from "./fault.js";
import { given } from "./given-context.js";
import { InFlight, type Linked } from "./in-flight.js";
import type { Lingering } from "./lingering.js";
import { type MethodInfo, methodInfo } from "./method.js";
import { Observers } from "./observers.js";
import type { Failure } from "./outcome.js";
import { shared, sharedSymbol } from "./shared.js";
import { requestTimeoutMs } from "./timeout.js";
import { type Transport, transportKey } from "./transport.js";
import type { CallInfo, CallObserverFactory, Outcome, RpcKind, RpcProtocol, Side } from "./types.js";

/**
 * One RPC while it runs: what is known of it, its observers, and the one place where it ends.
 * Features see it as the read-only {@link CallInfo}.
 */
export class Call implements CallInfo, Linked<Call> {
  readonly id = ++calls.lastId;
  readonly transport: Transport | undefined;
  received = 0;
  sent = 0;
  ctx: Context;
  /** The context of the received message that is being worked on: that of a reply which names none. */
  current: Context;
  /** How the call ended; undefined while it runs. */
  outcome: Outcome | undefined = undefined;
  /** What broke the stream under the call, so that it is known again when a handler rethrows it. */
  wireError: unknown = undefined;
  /** The log's part of this call; opaque here, set by the log's observer. */
  log: unknown = undefined;
  /** Ends a client's stream from this side; undefined on servers and for unary calls. */
  cancel: ((reason: unknown) => void) | undefined = undefined;
  /** Messages whose trace metadata could not be used. */
  ignoredMetadata = 0;
  /** What traces a stream's messages; undefined for unary calls and where calls are not traced. */
  messageTrace: MessageTrace | undefined = undefined;
  /** An authorised header asked for sampling and debug; calls that are made for such a call follow it. */
  forced: boolean;
  /** Neighbours in the list of the calls in flight. */
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;
  /** When the last message came or went, on the clock of `performance.now()`, as far as that is noted. */
  lastMessageAt: number | undefined = undefined;
  /** A server's handler has come back: nothing of it runs any more. */
  isHandled = false;
  /** When the call began, on the clock of `performance.now()`. */
  readonly startedAt: number = performance.now();

  private readonly info: MethodInfo;
  private readonly observers: Observers;
  private startTimeMs: number | undefined = undefined;
  private finishedAt: number | undefined = undefined;
  private latest: ReceivedMessage | undefined = undefined;
  private messageContexts: WeakMap<object, Context> | undefined = undefined;
  private endListeners: ((call: Call) => void)[] | undefined = undefined;

  constructor(
    readonly side: Side,
    readonly request: UnaryRequest | StreamRequest,
    readonly parent: Context,
    factories: readonly CallObserverFactory[],
  ) {
    this.info = methodInfo(request.method);
    this.transport = side === "server" ? request.contextValues.get(transportKey) : undefined;
    this.forced = callOf(parent)?.forced ?? false;
    this.ctx = parent.setValue(callKey, this);
    this.current = this.ctx;
    this.observers = new Observers(this, factories);
    this.current = this.ctx;
    liveCalls.add(this);
  }

  /** Reckoned back when it is first asked for: a call that nobody asks costs one clock less. */
  get startTime(): number {
    this.startTimeMs ??= Date.now() - Math.round(performance.now() - this.startedAt);
    return this.startTimeMs;
  }
  get service(): string {
    return this.info.service;
  }
  get method(): string {
    return this.info.method;
  }
  get path(): string {
    return this.info.path;
  }
  get kind(): RpcKind {
    return this.info.kind;
  }
  get desc(): DescMethod {
    return this.info.desc;
  }
  get header(): Headers {
    return this.request.header;
  }
  get signal(): AbortSignal {
    return this.request.signal;
  }
  get protocol(): RpcProtocol | undefined {
    return protocolOf(this.request);
  }
  get deadline(): number | undefined {
    const timeoutMs = requestTimeoutMs(this.header);
    return timeoutMs === undefined ? undefined : this.startTime + timeoutMs;
  }
  get peer(): string | undefined {
    return this.side === "server" ? this.transport?.peer : authorityOf(this.request.url);
  }

  /** Whether the call's own deadline has come, or comes in `earlyMs`. */
  pastDeadline(earlyMs = timerSlackMs): boolean {
    const { deadline } = this;
    return deadline !== undefined && Date.now() >= deadline - earlyMs;
  }

  /**
   * A message has arrived. Its context is remembered when it differs from the call's. A handler may go on after its
   * call has ended: observers hear no more of it, here and below.
   */
  onReceived(message: Message): void {
    if (this.outcome !== undefined) return;
    this.received++;
    this.lastMessageAt = coarseTime.now;
    const own = this.observers.received(this.ctx, message, this.received);
    const ctx = given.contexts?.get(message)?.joined(own) ?? own;
    this.current = ctx;
    if (ctx === this.ctx) return;
    this.remember(message, ctx);
  }

  /** The context that a received message came with; undefined when that is the call's own. */
  messageContext(message: object): Context | undefined {
    const { latest } = this;
    if (latest?.message !== message) return this.messageContexts?.get(message);
    latest.isTaken = true;
    return latest.ctx;
  }

  /**
   * Most messages are asked for at once and only once: the newest needs no map, and is put into one only when it has to
   * make way before anybody has asked.
   */
  private remember(message: object, ctx: Context): void {
    const { latest } = this;
    if (latest !== undefined && !latest.isTaken) {
      this.messageContexts ??= new WeakMap();
      this.messageContexts.set(latest.message, latest.ctx);
    }
    this.latest = { message, ctx, isTaken: false };
  }

  /**
   * A message is handed on to be sent; it counts when {@link onSent} says so.
   *
   * @returns what goes out in its place: the message, or a copy with its trace metadata set or removed
   */
  onSending(ctx: Context, message: Message): Message {
    if (this.outcome !== undefined) return message;
    this.observers.sending(ctx, message, this.sent + 1);
    return this.messageTrace?.outgoing(ctx, message) ?? message;
  }

  /** The work on the received message is over: the next one is asked for. */
  onMessageDone(): void {
    this.messageTrace?.messageDone();
  }

  onSent(): void {
    this.sent++;
    this.lastMessageAt = coarseTime.now;
  }

  onResponseHeader(header: Headers): void {
    if (this.outcome !== undefined) return;
    this.observers.responseHeader(header);
  }

  /** A server's handler has come back, or thrown. What it came back with is not settled by that. */
  handlerDone(): void {
    this.isHandled = true;
    if (this.outcome !== undefined) calls.lingering?.delete(this);
  }

  /** Stops the clock: the handler is done, while how the call ended is still to be learnt. */
  finish(): void {
    this.finishedAt ??= performance.now();
  }

  /** Settles the call as a success, unless it has ended already. */
  succeed(): void {
    if (this.outcome !== undefined) return;
    const { received, sent } = this;
    this.settle({
      type: "ok",
      code: undefined,
      cause: undefined,
      durationMs: this.durationMs(),
      received,
      sent,
    });
  }

  /** Settles the call as a failure, unless it has ended already. */
  fail({ type, code, cause }: Failure): void {
    if (this.outcome !== undefined) return;
    const { received, sent } = this;
    this.settle({ type, code, cause, durationMs: this.durationMs(), received, sent });
  }

  /** Tells of the call's end after its observers have heard of it; now, if it has ended. */
  whenEnded(listener: (call: Call) => void): void {
    if (this.outcome !== undefined) listener(this);
    else if (this.endListeners === undefined) this.endListeners = [listener];
    else this.endListeners.push(listener);
  }

  private settle(outcome: Outcome): void {
    this.outcome = outcome;
    liveCalls.delete(this);
    if (this.side === "server" && !this.isHandled && outcome.type !== "ok") calls.lingering?.add(this);
    this.observers.ended(outcome);
    for (const listener of this.endListeners ?? []) {
      try {
        listener(this);
      } catch (error) {
        reportFault(listener, "a listener for the end of calls", error);
      }
    }
  }

  private durationMs(): number {
    return (this.finishedAt ?? performance.now()) - this.startedAt;
  }
}

/** A message with its context, and whether somebody has asked for that. */
interface ReceivedMessage {
  readonly message: object;
  readonly ctx: Context;
  isTaken: boolean;
}

/** What the trace does with the messages of a stream. Nothing of it throws. */
export interface MessageTrace {
  /** The message as it goes out in `ctx`. The caller's object is never written to. */
  outgoing(ctx: Context, message: Message): Message;
  /** The work on the received message is over. */
  messageDone(): void;
}

/** The calls that have not ended yet, in the order in which they began. */
export const liveCalls: InFlight<Call> = shared("live calls", () => new InFlight());

/** What else there is one of in a process. */
interface CallsState {
  /** Ids are unique in the process. */
  lastId: number;
  /**
   * The calls of servers that have ended, as their client has gone or their time was up, while their handler still runs.
   * Undefined where there is no server.
   */
  lingering: Lingering<Call> | undefined;
}

/** The state of all calls of the process: the last id, and the handlers that outlive their client. */
export const calls: CallsState = shared<CallsState>("calls", () => ({ lastId: 0, lingering: undefined }));

/**
 * What belongs to which call, where Connect gives callers and the interceptor no other common ground:
 * the request stream that a handler was given, and the first message of a client's response stream.
 */
export const ownerOf: WeakMap<object, Call> = shared("owners", () => new WeakMap());

/** Where an OpenTelemetry context carries the call. */
export const callKey: symbol = sharedSymbol("call");

/** Where a handler's context values hold the call: an interceptor sets it, `contextOf` reads it. */
export const handlerCallKey: ContextKey<Call | undefined> = {
  id: callKey,
  defaultValue: undefined,
};

/** The call that a context belongs to. Its interceptor may be that of another copy of the kit. */
export function callOf(ctx: Context): Call | undefined {
  return ctx.getValue(callKey) as Call | undefined;
}

/** Timers of two processes, and `Date` against timers, differ by this much. */
const timerSlackMs = 5;

function protocolOf(request: UnaryRequest | StreamRequest): RpcProtocol | undefined {
  const type = request.header.get("content-type");
  if (type === null) return request.requestMethod === "GET" ? "connect" : undefined;
  if (type.startsWith("application/grpc-web")) return "grpc-web";
  if (type.startsWith("application/grpc")) return "grpc";
  return /^application\/(connect\+|proto\b|json\b)/.test(type) ? "connect" : undefined;
}

function authorityOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";

/** Which end of an RPC this process is. */
export type Side = "server" | "client";

/** The four shapes of an RPC, named as protobuf-es names them. */
export type RpcKind = DescMethod["methodKind"];

/** The protocol on the wire, as the content type tells it. */
export type RpcProtocol = "connect" | "grpc" | "grpc-web";

/**
 * What the kit knows of one RPC. It is made once per call and is the same object for every observer;
 * the counters, `ctx` and the lazily read parts change while the call runs.
 */
export interface CallInfo {
  /** Unique in this process, ascending. */
  readonly id: number;
  readonly side: Side;
  /** Fully qualified service name: `chat.v1.ChatService`. */
  readonly service: string;
  /** Method name as in the proto file: `Say`. */
  readonly method: string;
  /** `service/method`, without a leading slash: the form that filters match and telemetry reports. */
  readonly path: string;
  readonly kind: RpcKind;
  readonly desc: DescMethod;
  /** Undefined when the content type names none of the three. */
  readonly protocol: RpcProtocol | undefined;
  /** When the interceptor saw the call, in milliseconds since the epoch. */
  readonly startTime: number;
  /** The call's own deadline in milliseconds since the epoch, from its timeout header; undefined without one. */
  readonly deadline: number | undefined;
  /** `address:port` of the other side. On a server it needs `nodeContextValues`; on a client it is the target's authority. */
  readonly peer: string | undefined;
  /** Request headers. */
  readonly header: Headers;
  /** The call's context: carries the call itself, its logger and, where traced, its span. */
  readonly ctx: Context;
  /** Aborts when the call is cancelled, times out or the server shuts down, and in Connect also after success. */
  readonly signal: AbortSignal;
  /** Whether an authorised header asked for sampling and debug; see the interceptors' `force`. */
  readonly forced: boolean;
  /** Messages that have really been received. */
  readonly received: number;
  /** Messages that have really been sent: a message handed to a stream counts when the next one is asked for. */
  readonly sent: number;
}

/**
 * How a call ended. Exactly one outcome is settled per call, by whichever end came first.
 *
 * - `ok`: the handler finished, or the response was read to its end.
 * - `error`: the handler threw, or the server answered with an error.
 * - `canceled`: the client gave up, broke the stream, or its process died.
 * - `deadline`: the call's own deadline passed.
 * - `shutdown`: the server's `shutdownSignal` ended it.
 * - `abandoned`: a client response that nobody read.
 */
export type Outcome = SuccessOutcome | FailureOutcome;

/** What every outcome tells. */
export interface OutcomeBase {
  /** How long the call took, in milliseconds. */
  readonly durationMs: number;
  /** Messages received over the whole call. */
  readonly received: number;
  /** Messages sent over the whole call. */
  readonly sent: number;
}

/** The call succeeded. There is no code: Connect has none for success. */
export interface SuccessOutcome extends OutcomeBase {
  readonly type: "ok";
  readonly code: undefined;
  readonly cause: undefined;
}

/** The call did not succeed. */
export interface FailureOutcome extends OutcomeBase {
  readonly type: "error" | "canceled" | "deadline" | "shutdown" | "abandoned";
  /** The code that the other side sees, or would see if it were still there. */
  readonly code: Code;
  /** What was thrown or what the signal gave as its reason, untouched. */
  readonly cause: unknown;
}

/**
 * Watches one call. Every method is optional; whatever one throws, and a promise it returns that
 * rejects, is kept from the call and reported once through OpenTelemetry's `diag`.
 */
export interface CallObserver {
  /**
   * A message has arrived: the n-th of the call, counting from 1.
   * A context that is returned becomes the context of this message.
   */
  onReceive?(ctx: Context, message: Message, n: number): Context | void;
  /** A message is about to be sent: the n-th of the call, counting from 1. */
  onSend?(ctx: Context, message: Message, n: number): void;
  /**
   * On a server: the response headers, before they go out; of a stream, before its handler runs. On a client: those that
   * came. Not called when there is no response.
   */
  onResponseHeader?(header: Headers): void;
  /** The call has ended. Called exactly once. */
  onEnd?(outcome: Outcome): void;
}

/** Makes the observer of one call, or nothing when this call is of no interest. */
export type CallObserverFactory = (call: CallInfo) => CallObserver | undefined | void;

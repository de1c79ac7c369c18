/**
 * The names of attributes on spans and metrics. The conventions' own are those of OpenTelemetry's semantic conventions
 * v1.45, RPC (stable) and Connect RPC; they are repeated here, as the conventions ask of libraries. What begins with
 * `clue.` is the kit's.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/
 */

export const rpcSystemName = "rpc.system.name";
/** One logical system whatever the protocol on the wire. */
export const connectRpc = "connectrpc";
export const rpcMethod = "rpc.method";
/** A Connect code in lower case; absent on success, for which Connect has none. */
export const rpcStatusCode = "rpc.status_code";
export const errorType = "error.type";
export const serverAddress = "server.address";
export const serverPort = "server.port";
export const networkPeerAddress = "network.peer.address";
export const networkPeerPort = "network.peer.port";

/** The attribute of a request header; its value is a list. */
export function requestHeader(name: string): string {
  return `rpc.request.header.${name}`;
}

/** The attribute of a response header; its value is a list. */
export function responseHeader(name: string): string {
  return `rpc.response.header.${name}`;
}

export const exceptionEvent = "exception";
export const exceptionType = "exception.type";
export const exceptionMessage = "exception.message";
export const exceptionStacktrace = "exception.stacktrace";

/** How a call that did not succeed ended: `error`, `canceled`, `deadline`, `shutdown` or `abandoned`. */
export const clueOutcome = "clue.outcome";
/** Messages of a stream over the whole call. */
export const clueMessagesReceived = "clue.messages.received";
export const clueMessagesSent = "clue.messages.sent";
/** Messages whose trace metadata could not be used. */
export const clueMetadataIgnored = "clue.metadata.ignored";
/** Where and when an error was annotated that ended the call, on its exception event. */
export const clueAnnotatedTraceId = "clue.annotated.trace_id";
export const clueAnnotatedSpanId = "clue.annotated.span_id";
export const clueAnnotatedTime = "clue.annotated.time";
/** Which end of a stream a span of `streamSpan: "linked"` tells of: `open` or `end`. */
export const clueStreamPhase = "clue.stream.phase";
/** The place of a message in its stream, from 1. */
export const clueMessageNumber = "clue.message.number";
/** `received`: the only direction that has spans. */
export const clueMessageDirection = "clue.message.direction";
/** How many held-back spans of the call were given up before this one. */
export const clueSpansDropped = "clue.spans.dropped";

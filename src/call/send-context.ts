import type { Context } from "@opentelemetry/api";
import type { Call } from "./call.js";

/**
 * The property under which `send()` leaves a message's context for the stream that carries the message. All versions of the
 * kit have it in common: it holds an OpenTelemetry context and nothing else.
 */
export const sendContextTag: unique symbol = Symbol.for("connect-clue send context");

/** A message as `send()` returns it. */
export interface TaggedMessage {
  readonly [sendContextTag]?: Context;
}

/**
 * The context that a message is sent in: the one that `send()` named; else, in a bidi handler, that of
 * the received message which is being worked on; else the stream's own.
 */
export function sendContext(call: Call, message: object): Context {
  const tagged = (message as TaggedMessage)[sendContextTag];
  if (tagged !== undefined) return tagged;
  return call.side === "server" && call.kind === "bidi_streaming" ? call.current : call.ctx;
}

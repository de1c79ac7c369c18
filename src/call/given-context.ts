import type { Context } from "@opentelemetry/api";
import { shared } from "./shared.js";

/** A context that a test gave to a message, in place of the one that the message brings along. */
export interface GivenContext {
  readonly ctx: Context;
  /** The message's context where it is received in a call. */
  joined(ofCall: Context): Context;
}

/** There is no map until the first context is given: a process that tests nothing does no look-up for any message. */
export const given: { contexts: WeakMap<object, GivenContext> | undefined } = shared(
  "given contexts",
  () => ({
    contexts: undefined,
  }),
);

/** The context that a test gave to a message; undefined where none did. */
export function givenContext(message: object): Context | undefined {
  return given.contexts?.get(message)?.ctx;
}

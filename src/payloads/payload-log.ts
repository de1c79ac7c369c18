import { type Copy, madeBy, thisCopy } from "../call/shared.js";
import type { CallObserverFactory } from "../call/types.js";
import { payloadObserver } from "./observer.js";
import type { PayloadOptions } from "./options.js";

/** What {@link payloadLog} makes: the messages of calls in the log. */
export interface PayloadLog {
  /** Makes the observer of each call. */
  readonly observe: CallObserverFactory;
}

/**
 * Messages in the log, while debug is on for their call: the value for the option `payloads` of the interceptors. Fields
 * with `debug_redact` never appear. A bundle without this function has none of its code.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * serverInterceptor({ payloads: payloadLog({ maxSize: 4096 }) })
 */
export function payloadLog(options: PayloadOptions = {}): PayloadLog {
  const made: PayloadLog & { readonly [madeBy]: Copy } = {
    observe: payloadObserver(options),
    [madeBy]: thisCopy,
  };
  return made;
}

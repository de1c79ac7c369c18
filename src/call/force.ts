import { diag } from "@opentelemetry/api";
import { isSameSecret } from "#platform";
import type { Call } from "./call.js";
import { guarded } from "./fault.js";
import { checkKnown, describe, isHeaderName } from "./options.js";
import type { CallInfo, CallObserverFactory } from "./types.js";

/**
 * Lets a caller ask for one call to be sampled and logged with debug, whatever the sampler and the log would do.
 * Sampling needs the sampler of `configureOpenTelemetry`, or `forcedSampler` around one's own.
 */
export type ForceOptions = {
  /** The request header that asks. Default `x-clue-force`. */
  readonly header?: string;
} & (
  | {
      /** The header's value must be this token, compared in constant time. Undefined or empty: nobody may ask. */
      readonly token: string | undefined;
    }
  | {
      /** Decides by the header's value whether the caller may ask. */
      readonly authorize: (value: string, call: CallInfo) => boolean;
    }
);

/**
 * An observer factory that marks the calls that are forced, and observes nothing. It is for servers: the calls of clients
 * are forced when they are made for a call that is.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 */
export function forceObserver(options: ForceOptions): CallObserverFactory {
  const { header, authorize } = resolve(options);
  return (info) => {
    const value = info.header.get(header);
    if (value === null || value.length > maxLength) return;
    if (authorize(value, info) === true) (info as Call).forced = true;
  };
}

function resolve(options: ForceOptions) {
  checkKnown("force", options, ["header", "token", "authorize"]);
  const { header = "x-clue-force" } = options;
  if (!isHeaderName(header)) {
    throw new TypeError(`force.header: expected the name of a header, got ${describe(header)}`);
  }
  return { header, authorize: authorizer(options) };
}

function authorizer(options: ForceOptions): (value: string, call: CallInfo) => boolean {
  if ("token" in options === "authorize" in options) {
    const got = "token" in options ? "both" : "neither";
    throw new TypeError(`force: expected either token or authorize, got ${got}`);
  }
  if ("token" in options) {
    const { token } = options;
    if (token === undefined || token === "") return nobody();
    if (typeof token !== "string")
      throw new TypeError(`force.token: expected a text, got ${describe(token)}`);
    return (value) => isSameSecret(value, token);
  }
  const { authorize } = options;
  if (typeof authorize !== "function") {
    throw new TypeError(`force.authorize: expected a function, got ${describe(authorize)}`);
  }
  return guarded(authorize, "the force.authorize function", () => false);
}

/** A variable of the environment that is not set must not open the door, nor keep the server from starting. */
function nobody(): () => boolean {
  diag.warn("connect-clue: force.token is not set: no call can be forced");
  return () => false;
}

/** What is longer is no token, and not worth the work of comparing it. */
const maxLength = 4096;

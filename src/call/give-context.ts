import type { Context } from "@opentelemetry/api";
import { type GivenContext, given } from "./given-context.js";

/** Has a message be received in `ctx`, as if it had come with it. */
export function giveContext(message: object, ctx: Context): void {
  given.contexts ??= new WeakMap();
  given.contexts.set(message, new Given(ctx));
}

/**
 * The context of a message that was given one and is received in a call: what the given one does not say is the call's,
 * so that a logger made of it writes into the log of the call.
 */
export function joinedContext(own: Context, ofCall: Context): Context {
  return new JoinedContext(own, ofCall);
}

class Given implements GivenContext {
  constructor(readonly ctx: Context) {}

  joined(ofCall: Context): Context {
    return joinedContext(this.ctx, ofCall);
  }
}

class JoinedContext implements Context {
  constructor(
    private readonly own: Context,
    private readonly ofCall: Context,
  ) {}

  getValue(key: symbol): unknown {
    const value = this.own.getValue(key);
    return value === undefined ? this.ofCall.getValue(key) : value;
  }

  setValue(key: symbol, value: unknown): Context {
    return new JoinedContext(this.own.setValue(key, value), this.ofCall.deleteValue(key));
  }

  deleteValue(key: symbol): Context {
    return new JoinedContext(this.own.deleteValue(key), this.ofCall.deleteValue(key));
  }
}

import type { Message } from "@bufbuild/protobuf";
import type { Context } from "@opentelemetry/api";
import { ignorePromise, reportFault } from "./fault.js";
import type { CallInfo, CallObserver, CallObserverFactory, Outcome } from "./types.js";

/**
 * The observers of one call, asked in order. Nothing that one of them does, throwing, rejecting or
 * never settling, reaches the call or the other observers.
 */
export class Observers {
  private readonly list: (CallObserver | undefined)[] = [];

  constructor(
    call: CallInfo,
    /** Whose observer stands at the same place of the list: a fault is the factory's, and reported once for all calls. */
    private readonly factories: readonly CallObserverFactory[],
  ) {
    for (const factory of factories) this.list.push(make(factory, call));
  }

  /** The context of the message that arrived: what the last observer to return one said, else `ctx`. */
  received(ctx: Context, message: Message, n: number): Context {
    let messageContext = ctx;
    for (let i = 0; i < this.list.length; i++) {
      try {
        const result = this.list[i]?.onReceive?.(messageContext, message, n);
        if (result === undefined || result === null) continue;
        if (isContext(result)) messageContext = result;
        else this.watch(i, result);
      } catch (error) {
        this.report(i, error);
      }
    }
    return messageContext;
  }

  /** A message is about to be sent in the context `ctx`. */
  sending(ctx: Context, message: Message, n: number): void {
    this.tell((observer) => observer.onSend?.(ctx, message, n));
  }

  /** The response headers are known. */
  responseHeader(header: Headers): void {
    this.tell((observer) => observer.onResponseHeader?.(header));
  }

  /** The call has ended. */
  ended(outcome: Outcome): void {
    this.tell((observer) => observer.onEnd?.(outcome));
  }

  private tell(event: (observer: CallObserver) => unknown): void {
    for (let i = 0; i < this.list.length; i++) {
      const observer = this.list[i];
      if (observer === undefined) continue;
      try {
        const result = event(observer);
        if (result !== undefined) this.watch(i, result);
      } catch (error) {
        this.report(i, error);
      }
    }
  }

  /** An observer may be an async function by mistake: its promise is never awaited, its rejection never unhandled. */
  private watch(i: number, result: unknown): void {
    const factory = this.factories[i];
    if (factory !== undefined) ignorePromise(factory, "an observer", result);
  }

  private report(i: number, error: unknown): void {
    const factory = this.factories[i];
    if (factory !== undefined) reportFault(factory, "an observer", error);
  }
}

function make(factory: CallObserverFactory, call: CallInfo): CallObserver | undefined {
  try {
    const observer = factory(call) ?? undefined;
    if (observer === undefined) return observer;
    if (!ignorePromise(factory, "an observer factory", observer) && typeof observer === "object")
      return observer;
    throw new TypeError(`expected an observer or nothing, got ${typeof observer}`);
  } catch (error) {
    reportFault(factory, "an observer factory", error);
    return undefined;
  }
}

function isContext(value: object): value is Context {
  return typeof (value as Partial<Context>).getValue === "function";
}

import { setImmediate } from "node:timers/promises";
import { type Context, createContextKey } from "@opentelemetry/api";
import type { CallInfo, CallObserver, CallObserverFactory, Outcome } from "../../src/index.js";

/** How a call ended, as tests compare it: without its duration. */
export interface Ending {
  readonly side: CallInfo["side"];
  readonly type: Outcome["type"];
  readonly received: number;
  readonly sent: number;
}

/** Observes how calls end, and lets a test wait for it. */
export function endings(): { observer: CallObserverFactory; next: () => Promise<Ending>; all: Ending[] } {
  const all: Ending[] = [];
  const waiting: ((ending: Ending) => void)[] = [];
  let taken = 0;
  return {
    all,
    observer: ({ side }) => ({
      onEnd({ type, received, sent }) {
        const ending = { side, type, received, sent };
        all.push(ending);
        if (waiting.length > 0) {
          taken++;
          waiting.shift()?.(ending);
        }
      },
    }),
    next() {
      const ending = all[taken];
      if (ending === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return Promise.resolve(ending);
    },
  };
}

/** Stands in for tracing: every received message, or the ones that `chosen` names, gets a context of its own. */
export function messageContexts(chosen: (n: number) => boolean = () => true): CallObserverFactory {
  return ({ side }) => ({
    onReceive: (ctx, _message, n) => (chosen(n) ? ctx.setValue(messageKey, `${side} ${n}`) : undefined),
  });
}

/** The message that a context was made for by {@link messageContexts}: `server 2`, `client 1`. */
export function messageOf(ctx: Context): string | undefined {
  return ctx.getValue(messageKey) as string | undefined;
}

const messageKey = createContextKey("the message of a test");

/** Records in which message's context each message is sent, for the whole side. */
export function sendContexts(): { observer: CallObserverFactory; sent: (string | undefined)[] } {
  const sent: (string | undefined)[] = [];
  const recorder: CallObserver = { onSend: (ctx) => void sent.push(messageOf(ctx)) };
  return { sent, observer: () => recorder };
}

/** A promise, and the function that settles it. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Lets the event loop turn until something holds that no event announces. The test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

/** All that a stream gives. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

/** Requests that are sent when a test says so. */
export function requestQueue<T>(): AsyncIterable<T> & { push: (item: T) => void; end: () => void } {
  const items: T[] = [];
  let ended = false;
  let wake = () => {};
  return {
    push(item) {
      items.push(item);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) yield item;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}

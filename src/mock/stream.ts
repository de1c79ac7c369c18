import type { HandlerContext } from "@connectrpc/connect";
import { Step } from "./step.js";

/** What {@link stream} makes. */
type Streamed<O> = (request: unknown, context: HandlerContext) => AsyncGenerator<O>;

/**
 * A handler that sends these messages, whatever was asked. For methods that answer with a stream; where requests stream,
 * too, it reads none of them.
 *
 * @param items - messages, and between them {@link delay}, {@link fail} or {@link never}
 *
 * @example
 * mock.add("countdown", stream([{ n: 2 }, delay(1000), { n: 1 }]));
 */
export function stream(items: Iterable<Step>): Streamed<never>;
export function stream<O extends object>(items: Iterable<O | Step>): Streamed<O>;
export function stream(items: Iterable<object>): Streamed<object> {
  const all = [...items];
  return async function* streamed(_request, context) {
    for (const item of all) {
      if (item instanceof Step) await item.take(context);
      else yield item;
    }
  };
}

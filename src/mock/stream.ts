import type { HandlerContext } from "@connectrpc/connect";
import { answerMessage } from "./answer.js";
import { messageCopy } from "./message-copy.js";
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
export function stream<O extends object>(items: Iterable<NoInfer<O> | Step>): Streamed<O> {
  const all = [...items];
  return async function* streamed(_request, context) {
    for (const item of all) {
      if (item instanceof Step) await item.take(context);
      else yield fresh(item, context);
    }
  };
}

/** Each call gets messages of its own: what interceptors do to them must not be there in the next one. */
function fresh<O extends object>(item: O, { method }: HandlerContext): O {
  return messageCopy(method.output, answerMessage(method, item)) as object as O;
}

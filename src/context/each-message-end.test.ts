import { create } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { type ChatService, CountdownRequestSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { eachMessage } from "../index.js";

type CountdownHandler = ServiceImpl<typeof ChatService>["countdown"];

describe("what an eachMessage callback returns to iterate", () => {
  /** An iterator of one reply that can't be closed without an error, and what is asked of it. */
  function fragile(next: () => Promise<IteratorResult<{ n: number }>>) {
    const calls: string[] = [];
    const inner: AsyncIterableIterator<{ n: number }> = {
      next() {
        calls.push("next");
        return next();
      },
      return() {
        calls.push("return");
        return Promise.reject(new Error("can't close"));
      },
      [Symbol.asyncIterator]: () => inner,
    };
    const handler = eachMessage<CountdownHandler>(() => inner);
    const iterable = handler(create(CountdownRequestSchema), unobserved());
    return { calls, replies: iterable[Symbol.asyncIterator]() };
  }
  const reply = () => Promise.resolve({ done: false, value: { n: 1 } });

  it("is not closed after an error of its own, as in a `for await` loop", async () => {
    const { calls, replies } = fragile(() => Promise.reject(new Error("broken")));
    await expect(replies.next()).rejects.toThrow(new Error("broken"));
    expect(calls).toEqual(["next"]);
  });

  it("is closed when the consumer returns", async () => {
    const { calls, replies } = fragile(reply);
    await replies.next();
    await expect(replies.return?.()).rejects.toThrow(new Error("can't close"));
    expect(calls).toEqual(["next", "return"]);
  });

  it("is closed when the consumer throws, whose error wins", async () => {
    const { calls, replies } = fragile(reply);
    await replies.next();
    const error = new Error("given up");
    await expect(replies.throw?.(error)).rejects.toBe(error);
    expect(calls).toEqual(["next", "return"]);
  });
});

/** As much of a handler's context as is looked at where no interceptor has seen the call. */
function unobserved(): HandlerContext {
  const values = { get: (key: { defaultValue: unknown }) => key.defaultValue };
  return { values, requestHeader: new Headers() } as unknown as HandlerContext;
}

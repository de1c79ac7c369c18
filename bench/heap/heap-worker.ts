/** Runs one long stream without a transport, one line a message, and looks at the heap on the way. */
import { logger, receive, send } from "connect-clue";
import { ChatResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { collectGarbage } from "../collect-garbage.js";
import { kitInterceptor } from "../kit.js";
import { chatCall, chatRequests, runCall, streamNext } from "../made-call.js";
import { answerQuestions } from "../worker.js";

/** How long the stream is. */
export interface HeapQuestion {
  readonly messages: number;
}

/** What was in use on the heap after each tenth of the stream, in bytes. */
export type HeapAnswer = readonly number[];

answerQuestions<HeapQuestion, HeapAnswer>(async ({ messages }) => {
  const heap: number[] = [];
  let received = 0;
  const next = streamNext(async function* (requests, context) {
    for await (const [ctx, { text }] of receive(requests, context)) {
      logger(ctx).info("received", { text, n: received });
      yield send(ctx, ChatResponseSchema, { text });
      if (++received % (messages / 10) === 0) heap.push(usedHeap());
    }
  });
  await runCall(kitInterceptor("all on, implicit context")(next), chatCall(chatRequests(messages)));
  return heap;
});

function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

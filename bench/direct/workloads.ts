import { create } from "@bufbuild/protobuf";
import { logger, receive, send } from "connect-clue";
import { ChatResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { kitInterceptor, type Variant } from "../kit.js";
import {
  type ChatHandler,
  chatCall,
  chatRequests,
  type Next,
  runCall,
  streamNext,
  tracedRequests,
  unaryCall,
  unaryNext,
} from "../made-call.js";
import type { Batch } from "../nanoseconds.js";

/** What is driven without a transport. */
export type DirectWorkload = "unary" | "plain" | "pairs" | "pairs and line" | "traced";

/** How a workload is called in tables. */
export const directNames: Readonly<Record<DirectWorkload, string>> = {
  unary: "unary call with 5 lines",
  plain: "message (receive + reply) in a plain loop, no line",
  pairs: "message (receive + reply) with receive() and send(), no line",
  "pairs and line": "message (receive + reply) with receive(), send() and one line",
  traced: "message (receive + reply) with a context of its own both ways, no line",
};

/** The workloads for one variant. Without the kit all ways to write a loop are the plain one. */
export function directWorkloads(variant: Variant): Readonly<Record<DirectWorkload, Batch>> {
  if (variant === "bare" || variant === "bare again") {
    const plain = messages(streamNext(plainLoop));
    const traced = messages(streamNext(plainLoop), tracedRequests);
    return { unary: calls(unaryNext(ignore)), plain, pairs: plain, "pairs and line": plain, traced };
  }
  const observe = kitInterceptor(variant);
  return {
    unary: calls(
      observe(
        unaryNext((context) => {
          const log = logger(context);
          for (let n = 0; n < 5; n++) log.info("thinking", { n, text: "hello" });
        }),
      ),
    ),
    plain: messages(observe(streamNext(plainLoop))),
    pairs: messages(observe(streamNext(pairsLoop))),
    "pairs and line": messages(observe(streamNext(pairsLoopWithLine))),
    traced: messages(observe(streamNext(pairsLoop)), tracedRequests),
  };
}

const plainLoop: ChatHandler = async function* (requests) {
  for await (const { text } of requests) yield create(ChatResponseSchema, { text });
};

const pairsLoop: ChatHandler = async function* (requests, context) {
  for await (const [ctx, { text }] of receive(requests, context))
    yield send(ctx, ChatResponseSchema, { text });
};

const pairsLoopWithLine: ChatHandler = async function* (requests, context) {
  for await (const [ctx, { text }] of receive(requests, context)) {
    logger(ctx).info("received", { text });
    yield send(ctx, ChatResponseSchema, { text });
  }
};

function calls(next: Next): Batch {
  const operations = 500;
  return {
    operations,
    async run() {
      for (let n = 0; n < operations; n++) await runCall(next, unaryCall());
    },
  };
}

function messages(next: Next, requests = chatRequests): Batch {
  const operations = 5000;
  return { operations, run: () => runCall(next, chatCall(requests(operations))) };
}

function ignore(): void {}

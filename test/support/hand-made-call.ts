import type { DescMethod } from "@bufbuild/protobuf";
import { Code, createContextValues, type UnaryRequest } from "@connectrpc/connect";
import { type Context, ROOT_CONTEXT } from "@opentelemetry/api";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { Call, calls } from "../../src/call/call.js";
import { Lingering } from "../../src/call/lingering.js";
import type { CallObserverFactory, Outcome, Side } from "../../src/call/types.js";

/** What a test says of a call that it makes by hand. */
export interface HandMade {
  readonly side?: Side;
  readonly method?: DescMethod;
  /** The context that it is made in. */
  readonly parent?: Context;
  readonly observers?: readonly CallObserverFactory[];
}

/** A call without an interceptor: it lives until the test ends it. */
export function callByHand(call: HandMade = {}): Call {
  calls.lingering ??= new Lingering();
  const { side = "server", method = ChatService.method.say, parent = ROOT_CONTEXT, observers = [] } = call;
  const request = {
    method,
    header: new Headers(),
    contextValues: createContextValues(),
    signal: new AbortController().signal,
    url: "http://localhost/",
  };
  return new Call(side, request as unknown as UnaryRequest, parent, observers);
}

/** Ends a call with some outcome. */
export function endWith(call: Call, type: Outcome["type"]): void {
  if (type === "ok") call.succeed();
  else call.fail({ type, code: Code.Internal, cause: undefined });
}

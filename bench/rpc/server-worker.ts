/** A server in a process of its own, which knows what it has cost. Started with the name of its variant. */
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { nodeContextValues } from "connect-clue/node";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { collectGarbage } from "../collect-garbage.js";
import { kitInterceptor, variantFromCommandLine } from "../kit.js";
import { answerQuestions } from "../worker.js";
import { bareService, kitService } from "./service.js";

/** What the server is asked. */
export type ServerQuestion = "url" | "start" | "stop" | "heap";

/** What the server has cost between `start` and `stop`. */
export interface ServerCost {
  /** CPU time of the whole process, in microseconds. */
  readonly cpuUs: number;
  /** Resident memory at the end, in bytes. */
  readonly rss: number;
}

/** The URL; nothing; the cost; what is left on the heap after a garbage collection, in bytes. */
export type ServerAnswer = string | undefined | ServerCost | number;

const variant = variantFromCommandLine();
const adapter =
  variant === "bare" || variant === "bare again"
    ? connectNodeAdapter({ routes: (router) => router.service(ChatService, bareService) })
    : connectNodeAdapter({
        interceptors: [kitInterceptor(variant)],
        contextValues: nodeContextValues,
        routes: (router) => router.service(ChatService, kitService),
      });
const server = createServer(adapter).listen(0, "127.0.0.1");
await once(server, "listening");

let before = process.cpuUsage();
answerQuestions<ServerQuestion, ServerAnswer>((question) => {
  switch (question) {
    case "url":
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    case "start":
      before = process.cpuUsage();
      return undefined;
    case "stop":
      return cost();
    case "heap":
      collectGarbage();
      return process.memoryUsage().heapUsed;
  }
});

function cost(): ServerCost {
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: user + system, rss: process.memoryUsage.rss() };
}

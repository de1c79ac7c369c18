/** A client in a process of its own: what it costs is not the server's. */
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { traceparent } from "../made-call.js";
import { quantile } from "../statistics.js";
import { answerQuestions } from "../worker.js";
import type { Workload } from "./workload.js";

/** What the client is asked to do. */
export interface Load {
  readonly url: string;
  readonly workload: Workload;
  /** Calls or messages. */
  readonly operations: number;
}

/** How it went. */
export interface LoadResult {
  readonly elapsedMs: number;
  /** The latency below which 99 % of unary calls stayed, in milliseconds; undefined for streams. */
  readonly p99Ms: number | undefined;
}

type ChatClient = Client<typeof ChatService>;

const callsAtATime = 16;
const loads = { unary, burst, traced, "ping-pong": pingPong };
const clients = new Map<string, ChatClient>();

answerQuestions<Load, LoadResult>(async ({ url, workload, operations }) => {
  const client = clientFor(url);
  const start = performance.now();
  const p99Ms = await loads[workload](client, operations);
  return { elapsedMs: performance.now() - start, p99Ms };
});

/** One connection for each server, kept. */
function clientFor(url: string): ChatClient {
  const known = clients.get(url);
  if (known !== undefined) return known;
  const client = createClient(ChatService, createGrpcTransport({ baseUrl: url }));
  clients.set(url, client);
  return client;
}

async function unary(client: ChatClient, calls: number): Promise<number> {
  const latencies: number[] = [];
  let left = calls;
  const lane = async () => {
    while (left-- > 0) {
      const start = performance.now();
      await client.say({ text: "hello" });
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callsAtATime }, lane));
  return quantile(latencies, 0.99);
}

/** Messages as fast as they are taken. */
async function burst(client: ChatClient, messages: number): Promise<undefined> {
  async function* requests() {
    for (let n = 0; n < messages; n++) yield { text: "hello" };
  }
  let replies = 0;
  for await (const _ of client.chat(requests())) replies++;
  expectReplies(replies, messages);
}

/** Messages as fast as they are taken, each with a trace of its own. */
async function traced(client: ChatClient, messages: number): Promise<undefined> {
  async function* requests() {
    for (let n = 0; n < messages; n++)
      yield { text: "hello", traceMetadata: { traceparent: traceparent(n) } };
  }
  let replies = 0;
  for await (const _ of client.chat(requests())) replies++;
  expectReplies(replies, messages);
}

/** Each message waits for the reply to the one before it. */
async function pingPong(client: ChatClient, messages: number): Promise<undefined> {
  let sendNext: () => void = () => {};
  async function* requests() {
    for (let n = 0; n < messages; n++) {
      const replied = new Promise<void>((resolve) => {
        sendNext = resolve;
      });
      yield { text: "hello" };
      await replied;
    }
  }
  let replies = 0;
  for await (const _ of client.chat(requests())) {
    replies++;
    sendNext();
  }
  expectReplies(replies, messages);
}

function expectReplies(replies: number, messages: number): void {
  if (replies !== messages) throw new Error(`expected ${messages} replies, got ${replies}`);
}

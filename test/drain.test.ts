/** What clients see when a server under load is drained. */
import { setMaxListeners } from "node:events";
import { type Client, Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { ServiceError } from "@grpc/grpc-js";
import { receive, serverInterceptor } from "connect-clue";
import { createChecker, Health, healthRoutes } from "connect-clue/health";
import { createNodeServer, type DrainOptions, drain, nodeContextValues } from "connect-clue/node";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ChatRequest, ChatService } from "../examples/chat/gen/chat/v1/chat_pb.js";
import { run, says } from "./support/chat-process.js";
import { gate } from "./support/gate.js";
import { parseLines } from "./support/json-lines.js";
import {
  type ClientWay,
  chatClient,
  grpcJsSay,
  isRefused,
  type Say,
  sayOf,
  transportTo,
} from "./support/node-server.js";
import { expectNothingInFlight } from "./support/nothing-in-flight.js";
import { until } from "./support/until.js";

describe("a drain under load", () => {
  it("loses no accepted call", async () => {
    const accepted: string[] = [];
    const server = await start({
      async say({ text }) {
        accepted.push(text);
        await new Promise((resolve) => setTimeout(resolve, accepted.length % 20));
        return { text };
      },
      async *chat(requests, context) {
        for await (const [, { text }] of receive(requests, context)) yield { text };
      },
    });
    const twice = (way: ClientWay) => [chatClient(server.url, way), chatClient(server.url, way)];
    const http2Clients = (["gRPC", "Connect over HTTP/2"] as const).flatMap(twice);
    const clients = [...http2Clients, ...twice("Connect over HTTP/1.1")];
    const says = [...clients.map(sayOf), grpcJsSay(server.url)];
    const streams = http2Clients.map(openStream);
    await Promise.all(streams.map(({ opened }) => opened));
    const loads = says.flatMap((say, n) => [1, 2, 3, 4].map((m) => load(say, `${n}.${m}`)));
    await until(() => accepted.length > 300);

    const report = await drain({ ...server.draining, noticeAfterMs: 100 });
    expect(report).toMatchObject({ cutOff: [], exitCode: 0 });
    const results = await Promise.all(loads);
    const answered = results.flatMap(({ answered }) => answered);
    expect(accepted.filter((text) => !answered.includes(text))).toEqual([]);
    expect(answered).toHaveLength(accepted.length);
    expect(results.flatMap(({ error }) => (isRefused(error) ? [] : [error]))).toEqual([]);
    expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(
      streams.map(() => "[unavailable] server is shutting down"),
    );
    await expectNothingInFlight();
  });

  it("tells watchers of health that it is not serving, and then ends their streams", async () => {
    const server = await start({});
    const transport = transportTo(server.url, "gRPC");
    const statuses: number[] = [];
    const serving = gate();
    const ended = (async () => {
      for await (const { status } of createClient(Health, transport).watch({})) {
        statuses.push(status);
        serving.open();
      }
    })().catch((error) => ConnectError.from(error).message);
    await serving.opened;
    const { exitCode } = await drain({ ...server.draining, noticeAfterMs: 50 });
    expect([exitCode, statuses, await ended]).toEqual([0, [1, 2], "[unavailable] server is shutting down"]);
  });

  it("ends within its bound when handlers are stuck, and tells which", async () => {
    const stuck = new Promise<never>(() => {});
    const entered: string[] = [];
    const server = await start({
      async say() {
        entered.push("say");
        return await stuck;
      },
      async *chat() {
        entered.push("chat");
        yield { text: "first" };
        await stuck;
      },
      async upload() {
        entered.push("upload");
        return await stuck;
      },
    });
    const client = chatClient(server.url, "gRPC");
    const calls = [
      client.say({}),
      client.upload(forever()),
      collect(client.chat(forever())),
      chatClient(server.url, "Connect over HTTP/1.1").say({}),
      grpcJsSay(server.url)("x"),
    ].map((call) => call.then(() => "answered", codeOf));
    await until(() => entered.length === 5);

    const { cutOff, exitCode } = await drain({ ...server.draining, noticeAfterMs: 10, graceMs: 50 });
    expect(exitCode).toBe(1);
    expect(cutOff.map(({ path }) => path).sort()).toEqual([
      "/chat.v1.ChatService/Chat",
      "/chat.v1.ChatService/Say",
      "/chat.v1.ChatService/Say",
      "/chat.v1.ChatService/Say",
      "/chat.v1.ChatService/Upload",
    ]);
    expect(await Promise.all(calls)).toEqual(calls.map(() => "Unavailable"));
    expect(server.lines().map(({ msg }) => msg)).toEqual(["draining", "requests were cut off", "drained"]);
  });
});

describe("drainOnSignals", () => {
  it("tells clients that they are cut off before the process ends", async () => {
    const program = run("dist/test/children/stuck-server.js");
    onTestFinished(() => void program.child.kill("SIGKILL"));
    const [url] = await says(program, "stderr", /http:\S+/);
    const answer = fetch(`${url}/stuck?token=secret`).then(async (response) => [
      response.status,
      await response.text(),
    ]);
    await says(program, "stderr", /asked/);
    program.child.kill("SIGTERM");
    expect(await answer).toEqual([503, "server is shutting down\n"]);
    expect(await program.ended).toBe(1);
    expect(parseLines(program.stdout).map(({ msg, exit_code }) => [msg, exit_code])).toEqual([
      ["draining", undefined],
      ["requests were cut off", undefined],
      ["drained", 1],
    ]);
  });
});

/** A server with the chat service and health, and what it takes to drain it. */
async function start(chat: Partial<ServiceImpl<typeof ChatService>>) {
  const log = testLogger();
  const shutdown = new AbortController();
  setMaxListeners(0, shutdown.signal);
  const checker = createChecker({ logger: log });
  const handler = connectNodeAdapter({
    interceptors: [serverInterceptor({ log: false })],
    contextValues: nodeContextValues,
    shutdownSignal: shutdown.signal,
    routes(router) {
      router.service(ChatService, chat);
      healthRoutes(checker)(router);
    },
  });
  const server = await createNodeServer({ handler, port: 0, host: "127.0.0.1" });
  onTestFinished(() => void server.destroy());
  const draining = { server, shutdown, checker, logger: log } satisfies DrainOptions;
  return { url: server.url, draining, lines: () => log.lines() };
}

/** Calls again and again until a call fails. */
async function load(say: Say, name: string) {
  const answered: string[] = [];
  for (let n = 1; ; n++) {
    const text = `${name}.${n}`;
    try {
      answered.push(await say(text));
    } catch (error) {
      return { answered, error };
    }
  }
}

function openStream(client: Client<typeof ChatService>): { opened: Promise<void>; ended: Promise<string> } {
  const opened = gate();
  const ended = (async () => {
    for await (const _ of client.chat(forever())) opened.open();
    return "ended";
  })().catch((error) => ConnectError.from(error).message);
  return { opened: opened.opened, ended };
}

async function* forever(): AsyncGenerator<Partial<Pick<ChatRequest, "text">>> {
  yield { text: "a" };
  await new Promise(() => {});
}

async function collect(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}

/** The name of the code that Connect's client or grpc-js gives: their numbers are the same. */
function codeOf({ code }: ConnectError | ServiceError): string | undefined {
  return Code[code];
}

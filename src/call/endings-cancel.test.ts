import { Code, ConnectError } from "@connectrpc/connect";
import { receive } from "connect-clue";
import { describe, expect, it } from "vitest";
import { type ChatOptions, requests, startChat } from "../../test/support/chat-server.js";
import { aborted, gate } from "../../test/support/gate.js";
import { isInstalled } from "../../test/support/installed.js";
import { until } from "../../test/support/until.js";

const never = new Promise<never>(() => {});
const over: readonly ChatOptions[] = [
  { protocol: "grpc" },
  { protocol: "connect" },
  { protocol: "grpc-web" },
  { http: "memory" },
];

describe.each(over)("the client cancels $protocol $http", (options) => {
  /** In memory the transport has not yet asked for what follows a message when the handler gets it. */
  const sentFirst = options.http === "memory" ? 0 : 1;
  /** In memory, Connect 2.3 asks a server for nothing more once the client has given up: its last message does not count. */
  const isLastPulled = !(options.http === "memory" && isInstalled("@connectrpc/connect", 2, 3));
  const sentLast = isLastPulled ? 1 : 0;

  it("unary: a handler that heeds its signal", async () => {
    const controller = new AbortController();
    const { client, server, clientSide } = await startChat(
      {
        async say(_, { signal }) {
          controller.abort();
          await aborted(signal);
          throw signal.reason;
        },
      },
      options,
    );

    await expect(client.say({}, { signal: controller.signal })).rejects.toThrow("[canceled]");

    expect(await server.events()).toEqual(["receive 1", "end canceled canceled received=1 sent=0"]);
    expect(await clientSide.events()).toEqual(["send 1", "end canceled canceled received=0 sent=0"]);
  });

  it("unary: a handler that ignores its signal and succeeds afterwards", async () => {
    const controller = new AbortController();
    const ended = gate();
    const { client, server } = await startChat(
      {
        async say() {
          controller.abort();
          await ended.opened;
          return { text: "late" };
        },
      },
      options,
    );

    await expect(client.say({}, { signal: controller.signal })).rejects.toThrow("[canceled]");
    const { events } = await server.ended();
    ended.open();

    expect(events).toEqual(["receive 1", "end canceled canceled received=1 sent=0"]);
  });

  it("server streaming: the handler sleeps and heeds its signal", async () => {
    const controller = new AbortController();
    const { client, server, clientSide } = await startChat(
      {
        async *countdown(_, { signal }) {
          yield { n: 1 };
          await aborted(signal);
          throw signal.reason;
        },
      },
      options,
    );

    await expect(
      abortAfterFirst(client.countdown({}, { signal: controller.signal }), controller),
    ).rejects.toThrow("[canceled]");

    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      `end canceled canceled received=1 sent=${sentLast}`,
    ]);
    expect(await clientSide.events()).toEqual([
      "send 1",
      "receive 1",
      "end canceled canceled received=1 sent=1",
    ]);
  });

  it("server streaming: the handler ignores its signal and goes on", async () => {
    const controller = new AbortController();
    const ended = gate();
    const done = gate();
    const { client, server } = await startChat(
      {
        async *countdown() {
          try {
            yield { n: 1 };
            await ended.opened;
            yield { n: 2 };
            yield { n: 3 };
          } finally {
            done.open();
          }
        },
      },
      options,
    );

    await expect(
      abortAfterFirst(client.countdown({}, { signal: controller.signal }), controller),
    ).rejects.toThrow("[canceled]");
    const { events } = await server.ended();
    ended.open();
    // In memory nobody asks for the rest of the stream.
    if (options.http !== "memory") await done.opened;

    expect(events).toEqual(["receive 1", "send 1", `end canceled canceled received=1 sent=${sentLast}`]);
  });

  it("bidi: the handler reads", async () => {
    const controller = new AbortController();
    const { client, server, clientSide } = await startChat(
      {
        async *chat(messages) {
          for await (const { text } of messages) yield { text };
        },
      },
      options,
    );
    const messages = client.chat(requests({ text: "a" }, never), { signal: controller.signal });

    await expect(abortAfterFirst(messages, controller)).rejects.toThrow("[canceled]");

    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      `end canceled canceled received=1 sent=${sentLast}`,
    ]);
    expect(await clientSide.events()).toEqual([
      "send 1",
      "receive 1",
      `end canceled canceled received=1 sent=${sentFirst}`,
    ]);
  });

  it("client streaming: the handler reads", async () => {
    const controller = new AbortController();
    const { client, server, clientSide } = await startChat(
      {
        async upload(messages) {
          for await (const _ of messages) controller.abort();
          return { count: 1 };
        },
      },
      options,
    );

    await expect(
      client.upload(requests({ text: "a" }, never), { signal: controller.signal }),
    ).rejects.toThrow("[canceled]");

    // Over HTTP/2 the handler takes the reset for the end of the requests, and answers.
    const end =
      options.http === "memory"
        ? ["end canceled canceled received=1 sent=0"]
        : ["send 1", "end canceled canceled received=1 sent=1"];
    expect(await server.events()).toEqual(["receive 1", ...end]);
    expect(await clientSide.events()).toEqual([
      "send 1",
      `end canceled canceled received=0 sent=${sentFirst}`,
    ]);
  });

  it("the client leaves its loop", async () => {
    const closed = gate();
    const { client, server, clientSide } = await startChat(
      {
        async *countdown(_, { signal }) {
          void aborted(signal).then(() => closed.open());
          yield { n: 1 };
          yield { n: 2 };
          await aborted(signal);
        },
      },
      options,
    );

    for await (const [, { n }] of receive(client.countdown({}))) if (n === 2) break;

    await closed.opened;
    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      "send 2",
      `end canceled canceled received=1 sent=${sentLast + 1}`,
    ]);
    expect(await clientSide.events()).toEqual([
      "send 1",
      "receive 1",
      "receive 2",
      "end canceled canceled received=2 sent=1",
    ]);
    expect(clientSide.call().outcome?.cause).toEqual(
      new ConnectError("the client left the stream", Code.Canceled),
    );
  });
});

it("the client cancels before the call begins", async () => {
  const { client, server, clientSide } = await startChat({ say: () => ({}) });

  await expect(client.say({}, { signal: AbortSignal.abort() })).rejects.toThrow("[canceled]");

  expect(server.calls).toEqual([]);
  expect(clientSide.calls.map((call) => call.events)).toEqual([["end canceled canceled received=0 sent=0"]]);
});

it("the client cancels while the handler is blocked by flow control", async () => {
  const controller = new AbortController();
  let wentOn = false;
  const { client, server } = await startChat({
    async *chat() {
      // Two megabytes are more than any window, and the client does not read.
      yield { text: "x".repeat(2 * 1024 * 1024) };
      wentOn = true;
    },
  });
  const messages = client.chat(requests(never), { signal: controller.signal });
  await until(() => server.calls[0]?.events[0] === "send 1");

  controller.abort();
  const read = expect(messages[Symbol.asyncIterator]().next()).rejects.toThrow("[canceled]");

  expect(await server.events()).toEqual(["send 1", "end canceled canceled received=0 sent=0"]);
  await read;
  expect(wentOn).toBe(false);
});

/** Reads a stream to its end and aborts after the first message. */
async function abortAfterFirst(messages: AsyncIterable<unknown>, controller: AbortController): Promise<void> {
  for await (const _ of messages) controller.abort();
}

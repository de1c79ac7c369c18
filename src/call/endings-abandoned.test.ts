import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  type Chat,
  type ChatHandlers,
  type ChatOptions,
  requests,
  startChat,
} from "../../test/support/chat-server.js";
import { aborted } from "../../test/support/gate.js";
import { isInstalled } from "../../test/support/installed.js";
import { until } from "../../test/support/until.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Whether a client's plain loop cancels its call when it is left. */
const leavingCancels = isInstalled("@connectrpc/connect", 2, 3);
const never = new Promise<never>(() => {});
const transports: readonly ChatOptions[] = [
  { http: "2", protocol: "grpc" },
  { http: "2", protocol: "connect" },
  { http: "1.1", protocol: "connect" },
  { http: "memory" },
];

/** The response begins, and its end is the client's to bring about. */
const handlers: ChatHandlers = {
  async *countdown(_, { signal }) {
    yield { n: 1 };
    await aborted(signal);
    throw signal.reason;
  },
  async *chat(messages, { signal }) {
    yield { text: "welcome" };
    for await (const _ of messages);
    await aborted(signal);
  },
};

describe.each(transports)("a response that nobody reads, over $http $protocol", (options) => {
  it("is abandoned when it is garbage, and the server sees the cancel", async () => {
    const chat = await startChat(handlers, options);
    dropUnread(chat);

    await collected(chat);

    expect(await chat.clientSide.events()).toEqual(["send 1", "end abandoned canceled received=0 sent=1"]);
    expect((await chat.server.ended()).outcome).toMatchObject({ type: "canceled" });
  });

  it("is abandoned when it is garbage after its first message", async () => {
    const chat = await startChat(handlers, options);
    await readOne(chat);

    await collected(chat);

    expect(await chat.clientSide.events()).toEqual([
      "send 1",
      "receive 1",
      "end abandoned canceled received=1 sent=1",
    ]);
    expect((await chat.server.ended()).outcome).toMatchObject({ type: "canceled" });
  });

  it("is canceled by a loop left without receive(); with Connect before 2.3 it is abandoned when it is garbage", async () => {
    const chat = await startChat(handlers, options);
    await leaveLoop(chat);

    if (!leavingCancels) await collected(chat);

    expect(await chat.clientSide.events()).toEqual([
      "send 1",
      "receive 1",
      `end ${leavingCancels ? "canceled" : "abandoned"} canceled received=1 sent=1`,
    ]);
    expect((await chat.server.ended()).outcome).toMatchObject({ type: "canceled" });
  });
});

it("a bidi stream that nobody reads is abandoned when it is garbage", async () => {
  const chat = await startChat(handlers);
  dropUnreadBidi(chat);

  await collected(chat);

  expect((await chat.clientSide.ended()).outcome).toMatchObject({ type: "abandoned", received: 0 });
  expect((await chat.server.ended()).outcome).toMatchObject({ type: "canceled" });
});

function dropUnread({ client }: Chat): void {
  client.countdown({});
}

function dropUnreadBidi({ client }: Chat): void {
  client.chat(requests({ text: "a" }, never));
}

async function readOne({ client }: Chat): Promise<void> {
  await client.countdown({})[Symbol.asyncIterator]().next();
}

async function leaveLoop({ client }: Chat): Promise<void> {
  for await (const _ of client.countdown({})) break;
}

/** Collects garbage until the client's call has ended: an object is held until the last task that used it is over. */
async function collected({ clientSide }: Chat): Promise<void> {
  await until(() => {
    collectGarbage();
    return clientSide.calls[0]?.outcome !== undefined;
  });
}

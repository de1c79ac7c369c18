import { create } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { type CountdownResponse, CountdownResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type ChatOptions, startChat } from "../../test/support/chat-server.js";
import { gate } from "../../test/support/gate.js";

/** More than all buffers of Node and the kernel together take. */
const total = 500;
const transports: readonly ChatOptions[] = [
  { http: "2" },
  { http: "2", protocol: "connect" },
  { http: "1.1" },
];

describe.each(transports)("backpressure over $http $protocol", (options) => {
  it("server streaming: a client that stops reading stops the handler, as without the interceptor", async () => {
    const bare = await streamAndPause({ ...options, observed: false });
    const observed = await streamAndPause(options);

    expect(observed.numbers).toEqual(bare.numbers);
    expect(observed.numbers).toHaveLength(total);
    expect(bare.madeWhilePaused).toBeLessThan(total / 2);
    expect(observed.madeWhilePaused).toBeLessThan(bare.madeWhilePaused + total / 10);
  });

  it("client streaming: a handler that stops reading stops the client, as without the interceptor", async () => {
    const bare = await uploadAndPause({ ...options, observed: false });
    const observed = await uploadAndPause(options);

    expect(observed.count).toBe(total);
    expect(bare.madeWhilePaused).toBeLessThan(total / 2);
    expect(observed.madeWhilePaused).toBeLessThan(bare.madeWhilePaused + total / 10);
  });
});

it("in memory, every message is made when the client asks for it", async () => {
  let made = 0;
  const { client } = await startChat(
    {
      async *countdown() {
        for (; made < 5; made++) yield { n: made };
      },
    },
    { http: "memory" },
  );
  const madeAtEach: number[] = [];
  for await (const { n } of client.countdown({})) {
    await quiet(() => made);
    madeAtEach.push(made - n);
  }
  expect(madeAtEach).toEqual([0, 0, 0, 0, 0]);
});

async function streamAndPause(options: ChatOptions) {
  let made = 0;
  const { client } = await startChat(
    {
      async *countdown() {
        for (; made < total; made++) yield large(made);
      },
    },
    options,
  );
  const numbers: number[] = [];
  let madeWhilePaused = 0;
  for await (const { n } of client.countdown({})) {
    numbers.push(n);
    if (n === 2) madeWhilePaused = await quiet(() => made);
  }
  return { numbers, madeWhilePaused };
}

async function uploadAndPause(options: ChatOptions) {
  let made = 0;
  const paused = gate();
  const { client } = await startChat(
    {
      async upload(messages) {
        let count = 0;
        for await (const _ of messages) if (++count === 3) await paused.opened;
        return { count };
      },
    },
    options,
  );
  async function* uploads() {
    for (; made < total; made++) yield { text };
  }
  const answer = client.upload(uploads());
  const madeWhilePaused = await quiet(() => made);
  paused.open();
  return { count: (await answer).count, madeWhilePaused };
}

const text = "x".repeat(64 * 1024);
/** As a field stands on the wire: its length, and the bytes. */
const payload = new BinaryWriter().string(text).finish();

/** A message of 64 KiB: the field that makes it large is unknown to the schema. */
function large(n: number): CountdownResponse {
  const message = create(CountdownResponseSchema, { n });
  message.$unknown = [{ no: 100, wireType: 2, data: payload }];
  return message;
}

/** Waits until a count no longer grows: it has had time to in 500 turns of the event loop. */
async function quiet(count: () => number): Promise<number> {
  for (let last = -1; ; last = count()) {
    if (last === count() && last > 0) return last;
    if (last === 0 && count() === 0) return 0;
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

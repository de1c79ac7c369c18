import { Code, ConnectError } from "@connectrpc/connect";
import { receive } from "connect-clue";
import { describe, expect, it } from "vitest";
import {
  type ChatHandlers,
  type ChatOptions,
  openRequests,
  requests,
  startChat,
} from "../../test/support/chat-server.js";
import { aborted } from "../../test/support/gate.js";
import { until } from "../../test/support/until.js";

const never = new Promise<never>(() => {});

/** Handlers that work until their signal aborts, and end with its reason. */
const heedful: ChatHandlers = {
  async say(_, { signal }) {
    await aborted(signal);
    throw signal.reason;
  },
  async upload(messages, context) {
    for await (const _ of receive(messages, context));
    return {};
  },
  async *countdown(_, { signal }) {
    yield { n: 1 };
    await aborted(signal);
    throw signal.reason;
  },
  async *chat(messages, context) {
    for await (const [, { text }] of receive(messages, context)) yield { text };
  },
};

const unavailable = new ConnectError("server is shutting down", Code.Unavailable);
const noReason = new DOMException("This operation was aborted", "AbortError");

/** The reason of the shutdown signal; the outcome's code; and what the client is told when the handler passes it on. */
const reasons = [
  ["a ConnectError", unavailable, "unavailable", "unavailable"],
  ["an Error", new Error("bye"), "unavailable", "internal"],
  ["no reason", undefined, "unavailable", "internal"],
] as const;

const transports: readonly ChatOptions[] = [
  { http: "2", protocol: "grpc" },
  { http: "2", protocol: "connect" },
  { http: "1.1", protocol: "connect" },
];

describe.each(transports)("the server shuts down over $http $protocol", (options) => {
  describe.each(reasons)("with %s", (_, reason, code, clientCode) => {
    const shutdown = (received: number, sent: number) =>
      `end shutdown ${code} received=${received} sent=${sent}`;

    it("unary", async () => {
      const { client, server, clientSide, ...chat } = await startChat(heedful, options);
      const answer = client.say({});
      answer.catch(() => {});
      await until(() => server.calls[0]?.events[0] === "receive 1");
      chat.shutdown.abort(reason);
      await expect(answer).rejects.toThrow(`[${clientCode}]`);
      expect(await server.events()).toEqual(["receive 1", shutdown(1, 0)]);
      expect(await clientSide.events()).toEqual(["send 1", `end error ${clientCode} received=0 sent=1`]);
    });

    it("server streaming", async () => {
      const { client, server, clientSide, ...chat } = await startChat(heedful, options);
      const read = async () => {
        for await (const _ of client.countdown({})) chat.shutdown.abort(reason);
      };
      await expect(read()).rejects.toThrow(`[${clientCode}]`);
      expect(await server.events()).toEqual(["receive 1", "send 1", shutdown(1, 1)]);
      expect(await clientSide.events()).toEqual([
        "send 1",
        "receive 1",
        `end error ${clientCode} received=1 sent=1`,
      ]);
    });

    it("client streaming", async () => {
      const { client, server, ...chat } = await startChat(heedful, options);
      const answer = client.upload(openRequests({ text: "a" }, options, server));
      answer.catch(() => {});
      await until(() => server.calls[0]?.events[0] === "receive 1");
      chat.shutdown.abort(reason);
      await expect(answer).rejects.toThrow(`[${clientCode}]`);
      expect(await server.events()).toEqual(["receive 1", shutdown(1, 0)]);
    });

    if (options.http === "2") {
      it("bidi", async () => {
        const { client, server, clientSide, ...chat } = await startChat(heedful, options);
        const read = async () => {
          for await (const _ of client.chat(requests({ text: "a" }, never))) chat.shutdown.abort(reason);
        };
        await expect(read()).rejects.toThrow(`[${clientCode}]`);
        expect(await server.events()).toEqual(["receive 1", "send 1", shutdown(1, 1)]);
        expect((await clientSide.events()).at(-1)).toMatch(`end error ${clientCode} received=1`);
      });
    }

    it("the cause is the signal's reason", async () => {
      const { client, server, ...chat } = await startChat(heedful, options);
      const answer = client.say({});
      answer.catch(() => {});
      await until(() => server.calls[0]?.events[0] === "receive 1");
      chat.shutdown.abort(reason);
      expect((await server.ended()).outcome?.cause).toEqual(reason ?? noReason);
      await expect(answer).rejects.toThrow(ConnectError);
    });
  });
});

it("in memory, with the reason unavailable, it is a shutdown too", async () => {
  const { client, server, shutdown } = await startChat(heedful, { http: "memory" });
  const read = async () => {
    for await (const _ of client.countdown({})) shutdown.abort(unavailable);
  };
  await expect(read()).rejects.toThrow("[unavailable]");
  expect(await server.events()).toEqual([
    "receive 1",
    "send 1",
    "end shutdown unavailable received=1 sent=1",
  ]);
});

it("a unary handler that ignores the shutdown and answers: the client has its answer, the call ended before", async () => {
  const { client, server, clientSide, shutdown } = await startChat({
    async say(_, { signal }) {
      shutdown.abort(unavailable);
      await aborted(signal);
      return { text: "still here" };
    },
  });
  expect((await client.say({})).text).toBe("still here");
  expect(await server.events()).toEqual(["receive 1", "end shutdown unavailable received=1 sent=0"]);
  expect(await clientSide.events()).toEqual(["send 1", "receive 1", "end ok received=1 sent=1"]);
});

it.each(transports)(
  "a stream that ends well because the server shuts down is a shutdown: $http $protocol",
  async (options) => {
    const { client, server, clientSide, shutdown } = await startChat(
      {
        async *countdown(_, { signal }) {
          yield { n: 1 };
          await aborted(signal);
        },
      },
      options,
    );
    for await (const _ of client.countdown({})) shutdown.abort(unavailable);
    expect(await server.events()).toEqual([
      "receive 1",
      "send 1",
      "end shutdown unavailable received=1 sent=1",
    ]);
    expect(await clientSide.events()).toEqual(["send 1", "receive 1", "end ok received=1 sent=1"]);
  },
);

it("a handler whose response ends in the very tick of the shutdown is a shutdown", async () => {
  const { client, server, shutdown } = await startChat({
    countdown: (_, { signal }) => ({
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve({ done: true, value: undefined }));
          }),
      }),
    }),
  });
  const read = async () => {
    for await (const _ of client.countdown({}));
  };
  const reading = read();
  await until(() => server.calls[0]?.events[0] === "receive 1");
  shutdown.abort(unavailable);
  await reading;
  expect(await server.events()).toEqual(["receive 1", "end shutdown unavailable received=1 sent=0"]);
});

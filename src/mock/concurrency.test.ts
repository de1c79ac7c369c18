import type { Client } from "@connectrpc/connect";
import { createMock, type ServiceMock } from "connect-clue/mock";
import { serveMock } from "connect-clue/mock-server";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect, requestQueue } from "../../test/support/context-observe.js";
import { chatClient } from "../../test/support/node-server.js";

type Chat = typeof ChatService;
type Connect = (mock: ServiceMock<Chat>) => Promise<Client<Chat>>;

const numbers = Array.from({ length: 100 }, (_, i) => i);

describe.each<[string, Connect]>([
  ["in memory", async (mock) => mock.client()],
  ["served", async (mock) => chatClient((await serveMock(mock)).url, "gRPC")],
])("100 calls at once on one mock, %s", (_where, connect) => {
  it("of mixed kinds: each is answered and recorded whole, and by itself", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.set("say", ({ text }) => ({ text: `say ${text}` }));
    mock.set("upload", async (messages) => ({ count: Number((await collect(messages)).at(-1)?.text) }));
    mock.set("countdown", async function* ({ from }) {
      yield { n: from + 1 };
      yield { n: from };
    });
    mock.set("chat").expect().send({ text: "a" }).expect().send({ text: "b" }).expectEnd();
    const client = await connect(mock);

    const kinds: ((i: number) => Promise<unknown>)[] = [
      async (i) => (await client.say({ text: `${i}` })).text,
      async (i) => (await client.upload(requests({ text: "x" }, { text: `${i}` }))).count,
      async (i) => (await collect(client.countdown({ from: i }))).map(({ n }) => n),
      async (i) =>
        (await collect(client.chat(requests({ text: `${i}` }, { text: "y" })))).map(({ text }) => text),
    ];
    const answers = await Promise.all(numbers.map((i) => kinds[i % 4]?.(i)));

    expect(answers).toEqual(numbers.map((i) => [`say ${i}`, i, [i + 1, i], ["a", "b"]][i % 4]));
    const expected = numbers.map(
      (i) =>
        [
          `Say\n  ← {"text":"${i}"}\n  → {"text":"say ${i}"}\n  → end`,
          `Upload\n  ← {"text":"x"}\n  ← {"text":"${i}"}\n  ← end\n  → {"count":${i}}\n  → end`,
          `Countdown\n  ← ${i === 0 ? "{}" : `{"from":${i}}`}\n  → {"n":${i + 1}}\n  → {"n":${i}}\n  → end`,
          `Chat\n  ← {"text":"${i}"}\n  → {"text":"a"}\n  ← {"text":"y"}\n  → {"text":"b"}\n  ← end\n  → end`,
        ][i % 4],
    );
    await Promise.all(mock.calls().map(({ ended }) => ended));
    const recorded = mock.calls().map((call) => String(call).replace("chat.v1.ChatService/", ""));
    expect(recorded.sort()).toEqual(expected.sort());
  });

  it("takes the sequence in the order in which the calls begin, one expectation each", async (t) => {
    const mock = createMock(ChatService, { test: t });
    for (const i of numbers) mock.add("say", () => ({ text: `${i}` }));
    const client = await connect(mock);
    const answers = await Promise.all(
      numbers.map(async (i) => [`${i}`, (await client.say({ text: `${i}` })).text]),
    );
    const asked = mock.calls("say").map((call) => call.requests[0]?.text);
    expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(asked.map((text, i) => [text, `${i}`])));
    expect(mock.hasMore()).toBe(false);
  });

  it("interleaves streams, message by message", async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.set("chat", async function* (messages) {
      for await (const { text } of messages) yield { text: `${text}!` };
    });
    const client = await connect(mock);
    const streams = numbers.map((i) => {
      const said = requestQueue<{ text: string }>();
      return { i, said, answers: client.chat(said)[Symbol.asyncIterator]() };
    });
    for (const round of ["a", "b", "c"]) {
      const answers = streams.map(({ i, said, answers }) => {
        said.push({ text: `${round}${i}` });
        return answers.next();
      });
      expect((await Promise.all(answers)).map(({ value }) => value?.text)).toEqual(
        numbers.map((i) => `${round}${i}!`),
      );
    }
    for (const { said } of streams) said.end();
    await Promise.all(streams.map(({ answers }) => answers.next()));
    const lines = (i: number) =>
      ["a", "b", "c"].map((r) => `\n  ← {"text":"${r}${i}"}\n  → {"text":"${r}${i}!"}`);
    expect(mock.calls().map(String).sort()).toEqual(
      numbers.map((i) => `chat.v1.ChatService/Chat${lines(i).join("")}\n  ← end\n  → end`).sort(),
    );
  });
});

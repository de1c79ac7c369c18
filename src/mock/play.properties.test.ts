import { createMock, type ServiceMock } from "connect-clue/mock";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect, requestQueue } from "../../test/support/context-observe.js";
import { thrownBy } from "../../test/support/problems.js";

/** One message of a conversation: the client says it, or the server sends it. */
interface Line {
  readonly by: "client" | "server";
  readonly text: string;
}

/** A conversation, which ends as the client has said all. */
type Talk = readonly Line[];

describe("a script of a conversation", () => {
  it("is content with a client that keeps to it", async () => {
    await fc.assert(
      fc.asyncProperty(talks(), async (talk) => {
        const mock = scripted(talk);
        expect(await play(mock, talk)).toEqual(texts(talk, "server"));
        mock.verify();
        expect(mock.calls("chat").map(String)).toEqual([recorded(talk)]);
      }),
      { numRuns: 200 },
    );
  });

  it("fails at a message that is another one", async () => {
    await fc.assert(
      fc.asyncProperty(talksWithPlace(), async ([talk, place]) => {
        const changed = talk.map((line, i) => (i === place ? { ...line, text: `${line.text}!` } : line));
        expect(await problem(talk, changed)).toEqual(mismatch(talk, place, json(`${talk[place]?.text}!`)));
      }),
      { numRuns: 200 },
    );
  });

  it("fails where a message is left out", async () => {
    await fc.assert(
      fc.asyncProperty(talksWithPlace(), async ([talk, place]) => {
        const said = talk.filter((_, i) => i !== place);
        // Two equal messages in a row: which one is left out does not show.
        const wrong = firstDifference(talk, said);
        const instead = wrong.received === undefined ? "the end of the requests" : json(wrong.received);
        expect(await problem(talk, said)).toEqual(mismatch(talk, wrong.step, instead));
      }),
      { numRuns: 200 },
    );
  });

  it("fails where a message is added", async () => {
    await fc.assert(
      fc.asyncProperty(talksWithPlace(), async ([talk, place]) => {
        const said = [
          ...talk.slice(0, place),
          { by: "client", text: "added" } as const,
          ...talk.slice(place),
        ];
        expect(await problem(talk, said)).toEqual(mismatch(talk, place, json("added")));
      }),
      { numRuns: 200 },
    );
  });
});

/** Conversations of both, in any order; the texts are few, so that messages repeat. */
function talks(): fc.Arbitrary<Talk> {
  const by = fc.constantFrom("client" as const, "server" as const);
  return fc.array(fc.record({ by, text: fc.constantFrom("a", "b", "") }), { maxLength: 12 });
}

/** Conversations, and the place of one of the client's messages. */
function talksWithPlace(): fc.Arbitrary<[talk: Talk, place: number]> {
  return talks()
    .map((talk) => [{ by: "client", text: "a" } as const, ...talk])
    .chain((talk) => {
      const places = talk.flatMap(({ by }, i) => (by === "client" ? [i] : []));
      return fc.tuple(fc.constant(talk), fc.constantFrom(...places));
    });
}

function scripted(talk: Talk): ServiceMock<typeof ChatService> {
  const mock = createMock(ChatService);
  const script = mock.add("chat");
  for (const { by, text } of talk) {
    if (by === "client") script.expect({ text });
    else script.send({ text });
  }
  script.expectEnd();
  return mock;
}

/** Plays the client's part: it says what it has to say, and reads as many messages as it should get in between. */
async function play(mock: ServiceMock<typeof ChatService>, talk: Talk): Promise<string[]> {
  const said = requestQueue<{ text: string }>();
  const answers = mock.client().chat(said)[Symbol.asyncIterator]();
  const got: string[] = [];
  for (const { by, text } of talk) {
    if (by === "client") {
      said.push({ text });
      continue;
    }
    const { value } = await answers.next();
    got.push(value?.text);
  }
  said.end();
  for (let { done, value } = await answers.next(); done !== true; { done, value } = await answers.next())
    got.push(value.text);
  return got;
}

/** Says all at once, and reads what comes: a client that left a message out could wait for ever. */
async function sayAll(mock: ServiceMock<typeof ChatService>, talk: Talk): Promise<void> {
  await collect(mock.client().chat(requests(...texts(talk, "client").map((text) => ({ text })))));
}

/** What `verify` says after a client has said something else. */
async function problem(talk: Talk, said: Talk): Promise<string> {
  const mock = scripted(talk);
  const error = (await thrownBy(() => sayAll(mock, said))) as Error;
  const verified = (await thrownBy(() => mock.verify())) as Error;
  expect(error.message).toBe(`[internal] ${verified.message}`);
  return verified.message.replace(/, added at \S+: /, ": ");
}

/** The whole error for what came at a step of the script, in place of what was expected there. */
function mismatch(talk: Talk, step: number, received: string): string {
  const line = talk[step];
  const expected = line === undefined ? "the end of the requests" : json(line.text);
  const before = talk
    .slice(0, step)
    .map(({ by, text }) => `\n    ${by === "client" ? "←" : "→"} ${json(text)}`);
  return (
    `mock of chat.v1.ChatService: unexpected message: chat, step ${step + 1} of ${talk.length + 1}: expect ${expected}` +
    `\n  received: ${received}` +
    (step === 0 ? "" : `\n  before:${before.slice(-10).join("")}`)
  );
}

/** The first step of the script at which the client says something else, and what it says. */
function firstDifference(
  talk: Talk,
  said: Talk,
): { readonly step: number; readonly received: string | undefined } {
  const words = texts(said, "client");
  let n = 0;
  for (const [step, { by, text }] of talk.entries()) {
    if (by === "client" && words[n++] !== text) return { step, received: words[n - 1] };
  }
  throw new Error("the client keeps to the script");
}

function recorded(talk: Talk): string {
  const lines = talk.map(({ by, text }) => `\n  ${by === "client" ? "←" : "→"} ${json(text)}`);
  return `chat.v1.ChatService/Chat${lines.join("")}\n  ← end\n  → end`;
}

function texts(talk: Talk, who: Line["by"]): string[] {
  return talk.flatMap(({ by, text }) => (by === who ? [text] : []));
}

function json(text: string): string {
  return text === "" ? "{}" : JSON.stringify({ text });
}

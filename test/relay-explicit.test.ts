/** What relay.test.ts shows, in a process without any implicit context: it is switched off once and for all. */
import { context as otel, ROOT_CONTEXT } from "@opentelemetry/api";
import { contextOf } from "connect-clue";
import { expect, it } from "vitest";
import {
  askTwo,
  expectedOfAsking,
  expectedOfMany,
  expectedOfTwo,
  relayMany,
  relayTwo,
} from "./support/relay-scenarios.js";

const explicit = { implicitContext: false };

it("a message's trace runs through three services, though their streams live on", async () => {
  expect(await relayTwo("by callOptions", explicit)).toEqual(expectedOfTwo());
});

it("1,000 messages of two traces stay apart, interleaved in one stream", async () => {
  expect(await relayMany("by callOptions", explicit)).toEqual(expectedOfMany());
});

it("a call that is made for a message is in its trace", async () => {
  expect(await askTwo("by callOptions", explicit)).toEqual(expectedOfAsking());
});

it("a call that is not told its context is in no trace of the message's", async () => {
  const { spans, answers } = await askTwo("implicitly", explicit);
  expect(answers).toEqual(["one B", "two B"]);
  expect(spans.filter(({ name }) => name.endsWith("/Say")).map(({ kind, parent }) => [kind, parent])).toEqual(
    [
      ["client", undefined],
      ["server", "remote span 4"],
      ["client", undefined],
      ["server", "remote span 8"],
    ],
  );
  expect([otel.active(), contextOf()]).toEqual([ROOT_CONTEXT, ROOT_CONTEXT]);
});

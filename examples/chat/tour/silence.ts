import { setTimeout as delay } from "node:timers/promises";
import { check } from "./check.js";
import { say, title } from "./screen.js";
import type { Tour } from "./tour.js";

/** Calls that succeed. */
export async function silence({ server, guest: { client, log } }: Tour): Promise<void> {
  title("1. Silence");
  say("A call of each kind. The handlers log 12 lines, and each call has a start and an end.");
  const { text } = await client.say({ text: "hi" });
  check("Say answers", text, "you said: hi");
  const { count } = await client.upload(texts("one", "two", "three"));
  check("Upload counts", count, 3);
  check("Countdown counts down", await collect(client.countdown({ from: 3 }), ({ n }) => n), [3, 2, 1, 0]);
  const answers = await collect(client.chat(texts("a", "b")), (answer) => answer.text);
  check("Chat answers", answers, ["you said: a", "you said: b"]);
  say("All is well, so nobody needs to read about it.");
  // Lines that should not be there might only be late. Should they be later still, the next chapter finds them.
  await delay(200);
  check("lines in the server's log", server.log.takeAll().length, 0);
  check("lines in the client's log", log.takeAll().length, 0);
}

async function* texts(...list: readonly string[]): AsyncGenerator<{ text: string }> {
  for (const text of list) yield { text };
}

async function collect<T, R>(stream: AsyncIterable<T>, pick: (message: T) => R): Promise<R[]> {
  const list: R[] = [];
  for await (const message of stream) list.push(pick(message));
  return list;
}

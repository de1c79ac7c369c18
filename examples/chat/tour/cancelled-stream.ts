import { receive } from "connect-clue";
import { check } from "./check.js";
import { messagesOf, valuesOf } from "./log-lines.js";
import { say, show, title } from "./screen.js";
import type { Tour } from "./tour.js";

/** A stream that the client leaves while answers are on their way. */
export async function cancelledStream({ server, guest: { client, log, lastOutcome } }: Tour): Promise<void> {
  title("4. A stream that the client leaves");
  say("The client sends 100 messages by Chat, and leaves the receive loop after 3 answers.");
  const answers: string[] = [];
  for await (const [, { text }] of receive(client.chat(hundredTexts()))) {
    answers.push(text);
    if (answers.length === 3) break;
  }
  check("answers", answers, ["you said: 1", "you said: 2", "you said: 3"]);
  check("how the call ended for the client", lastOutcome(), "canceled");
  check("lines in the client's log, as it wanted that", log.takeAll().length, 0);
  say("Plain Connect would let the call go on, unread. Here the server knows, and tells the story:");
  const story = await server.log.takeUpTo("end");
  show("server", story);
  check("the kinds of lines", [...new Set(messagesOf(story))], ["start", "received", "end"]);
  check("how the call ended for the server", valuesOf(story.slice(-1), "rpc.outcome"), ["canceled"]);
}

async function* hundredTexts() {
  for (let n = 1; n <= 100; n++) yield { text: `${n}` };
}

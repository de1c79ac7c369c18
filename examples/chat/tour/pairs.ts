import { callOptions, contextOf, logger, receive, send, withFields } from "connect-clue";
import { ChatRequestSchema } from "../gen/chat/v1/chat_pb.js";
import { check } from "./check.js";
import { messagesOf, valuesOf } from "./log-lines.js";
import { say, show, title } from "./screen.js";
import type { Tour } from "./tour.js";

/** A stream, one message of which fails. */
export async function pairs({ server, guest: { client, log } }: Tour): Promise<void> {
  title("3. A stream of (ctx, msg)");
  say("The client sends a, fail, b with send(ctx, …), and reads pairs of a context and an answer:");
  say("for await (const [ctx, answer] of receive(client.chat(requests, callOptions(ctx))))");
  const own = withFields(contextOf(), { guest: "ann" });
  const answers: string[] = [];
  for await (const [ctx, { text }] of receive(client.chat(requests(), callOptions(own)))) {
    answers.push(text);
    if (text.startsWith("you said")) logger(ctx).info("answered", { text });
    else logger(ctx).error(new Error("not answered"), "answer failed", { text });
  }
  check("answers", answers, ["you said: a", "could not handle: fail", "you said: b"]);
  say(
    "The stream lives on, and ends well. Its handler logged an error for one message, so there is a story up to there:",
  );
  const story = await server.log.takeUpTo("message failed");
  show("server", story);
  check("the lines, with nothing of b", messagesOf(story), [
    "start",
    "received",
    "received",
    "message failed",
  ]);
  check("the failed message", story.at(-1)?.fields.text, "fail");
  say("The client did likewise. Its lines carry the fields of the context that it made the call with:");
  const clientStory = await log.takeUpTo("answer failed");
  show("client", clientStory);
  check("its lines", messagesOf(clientStory), ["start", "answered", "answer failed"]);
  check("guest in its lines", valuesOf(clientStory, "guest"), ["ann"]);

  async function* requests() {
    for (const text of ["a", "fail", "b"]) yield send(own, ChatRequestSchema, { text });
  }
}

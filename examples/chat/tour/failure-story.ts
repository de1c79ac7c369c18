import { ConnectError } from "@connectrpc/connect";
import { check } from "./check.js";
import { messagesOf, valuesOf } from "./log-lines.js";
import { say, show, title } from "./screen.js";
import type { Tour } from "./tour.js";

/** A call that fails. */
export async function failureStory({ server, guest: { client, log } }: Tour): Promise<void> {
  title("2. The story of a failure");
  say("Say with the text `fail now`: the handler logs the same three lines, and then throws a plain Error.");
  const error = await client.say({ text: "fail now" }).then(
    () => undefined,
    (reason) => ConnectError.from(reason),
  );
  check("the client is told no more than Connect tells", error?.message, "[internal] internal error");
  say("The server's log has all that led up to it, with the times when it happened:");
  const story = await server.log.takeUpTo("end");
  show("server", story);
  check("the lines", messagesOf(story), [
    "start",
    "heard",
    "thinking about it",
    "answering with 10 more characters",
    "end",
  ]);
  check("the last line's level", story.at(-1)?.fields.level, "error");
  check("the error, which stayed on the server", story.at(-1)?.fields.err, "the answer got lost");
  say("The client's log tells of the call, too. Here it sends its request id along:");
  const clientStory = await log.takeUpTo("end");
  show("client", clientStory);
  check("its lines", messagesOf(clientStory), ["start", "end"]);
  check("request ids in the lines of both", valuesOf([...story, ...clientStory], "request_id").length, 1);
}

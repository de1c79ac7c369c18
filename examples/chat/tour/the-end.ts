import { ConnectError } from "@connectrpc/connect";
import { check } from "./check.js";
import { messagesOf } from "./log-lines.js";
import { say, show, title } from "./screen.js";
import type { Tour } from "./tour.js";

/** A server that is told to stop while a stream is open. */
export async function theEnd({ server, guest }: Tour): Promise<void> {
  title("8. The end");
  say("A Chat stream is open when the server gets SIGTERM.");
  const answers = guest.client.chat(oneTextAndNoMore())[Symbol.asyncIterator]();
  check("the stream answers", (await answers.next()).value?.text, "you said: still there?");
  const stopped = server.stop();
  const error = await answers.next().then(undefined, ConnectError.from);
  check(
    "what the client of the stream sees",
    String(error),
    "ConnectError: [unavailable] server is shutting down",
  );
  check("the server's exit code", await stopped, 0);
  const story = await server.log.takeUpTo("drained");
  show("server", story);
  check("the lines", messagesOf(story), ["draining", "start", "received", "end", "drained"]);
  guest.leave();
}

async function* oneTextAndNoMore() {
  yield { text: "still there?" };
  await new Promise(() => {});
}

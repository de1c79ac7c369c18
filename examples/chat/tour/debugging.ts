import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { check } from "./check.js";
import { messagesOf, valuesOf } from "./log-lines.js";
import { say, show, title } from "./screen.js";
import type { Tour } from "./tour.js";

/** Debug logs for a stream that is open already: on, and off again. */
export async function debugging({ server, guest: { client, debug } }: Tour): Promise<void> {
  title("7. Debug, while it runs");
  say("A Chat stream is open. All is well with it, and so the log is silent.");
  const { readable, writable } = new TransformStream<{ text: string }>();
  const said = writable.getWriter();
  const answers = client.chat(each(readable))[Symbol.asyncIterator]();
  const answerTo = async (text: string) => {
    const [{ value }] = await Promise.all([answers.next(), said.write({ text })]);
    return value?.text;
  };
  check("an answer", await answerTo("a"), "you said: a");
  check("lines in the server's log", server.log.takeAll().length, 0);

  say("Somebody wants to know more, and has the token: SetDebugLogs, for this method and five minutes.");
  const { calls } = await debug.listCalls({ method: "chat.*" });
  check(
    "calls in flight",
    calls.map(({ method, received, sent, linesBuffered }) => [
      method,
      Number(received),
      Number(sent),
      linesBuffered,
    ]),
    [["chat.v1.ChatService/Chat", 1, 1, 1]],
  );
  await debug.setDebugLogs({ enabled: true, method: "*/Chat", ttl: durationFromMs(5 * 60_000) });
  check("an answer", await answerTo("b"), "you said: b");
  const story = await server.log.takeUpTo("response");
  show("server", story);
  check("who used it for what", valuesOf(story.slice(0, 2), "debug.method"), ["ListCalls", "SetDebugLogs"]);
  check("the lines of the stream, with the messages", messagesOf(story.slice(2)), [
    "start",
    "received",
    "request",
    "received",
    "looking at it",
    "response",
  ]);

  say("Off again. The stream goes on, as silent as before.");
  await debug.setDebugLogs({ enabled: false });
  check("an answer", await answerTo("c"), "you said: c");
  await said.close();
  while ((await answers.next()).done !== true);
  const rest = server.log.takeAll();
  check("the one line that comes, of whom", valuesOf(rest, "debug.method"), ["SetDebugLogs"]);
  check("lines", rest.length, 1);
}

/** Connect wants a generator: the iterator of a web stream has no `throw`. */
async function* each<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  for await (const item of stream) yield item;
}

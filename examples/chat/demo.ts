/** `npm run demo`: a tour of the kit against the real server. It exits with 0 only if all that it says was seen. */
import { cancelledStream } from "./tour/cancelled-stream.js";
import { check } from "./tour/check.js";
import { debugging } from "./tour/debugging.js";
import { failureStory } from "./tour/failure-story.js";
import { createGuest } from "./tour/guest.js";
import { oneMessage } from "./tour/one-message.js";
import { pairs } from "./tour/pairs.js";
import { probes } from "./tour/probes.js";
import { fail, say, title } from "./tour/screen.js";
import { type ServerProcess, startServerProcess } from "./tour/server-process.js";
import { silence } from "./tour/silence.js";
import { theEnd } from "./tour/the-end.js";
import type { Tour } from "./tour/tour.js";

const chapters: readonly ((tour: Tour) => Promise<void>)[] = [
  silence,
  failureStory,
  pairs,
  cancelledStream,
  oneMessage,
  probes,
  debugging,
  theEnd,
];

try {
  const server = await startServerProcess();
  try {
    await showAll(server);
  } finally {
    server.kill();
  }
} catch (error) {
  fail(error);
}

async function showAll(server: ServerProcess): Promise<void> {
  title("The chat server");
  say(`It runs in a process of its own, as after \`npm start\`, on ${server.url}.`);
  say("Lines that begin with | are real: the server, or the client, wrote them to its log.");
  say("Long values, such as stack traces, are cut here.");
  const guest = createGuest(server.url, server.debugToken);
  for (const chapter of chapters) await chapter({ server, guest });
  check("lines in the server's log that were not shown", server.log.takeAll().length, 0);
}

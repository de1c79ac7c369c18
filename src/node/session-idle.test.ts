import { once } from "node:events";
import { type ClientHttp2Session, connect, type Http2ServerRequest } from "node:http2";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import { startNodeServer } from "../../test/support/node-server.js";
import { until } from "../../test/support/until.js";
import type { NodeRequestHandler } from "./index.js";

it("keeps nothing of a connection that has closed", async () => {
  const sessions: WeakRef<object>[] = [];
  const handler: NodeRequestHandler = (request, response) => {
    sessions.push(new WeakRef((request as Http2ServerRequest).stream.session as object));
    response.end("served");
  };
  const server = await startNodeServer({ handler });
  for (let n = 0; n < 10; n++) {
    const session = connect(server.url);
    expect(await textOf(session)).toBe("served");
    session.close();
    await once(session, "close");
  }
  const collect = garbageCollector();
  await until(() => {
    collect();
    return sessions.filter((session) => session.deref()).length === 0;
  });
});

it("counts again when the last stream has ended, also of those that were longer than the timeout", async () => {
  const answers = [gate(), gate()];
  let asked = 0;
  const server = await startNodeServer({
    idleTimeoutMs: 20,
    handler: async (_, response) => {
      await answers[asked++]?.opened;
      response.end("served");
    },
  });
  const other = connect(server.url);
  const session = connect(server.url);
  let closed = false;
  session.once("close", () => {
    closed = true;
  });
  const texts = [textOf(session), textOf(session)];
  await once(other, "close");
  answers[0]?.open();
  expect(await texts[0]).toBe("served");
  await once(connect(server.url), "close");
  expect(closed).toBe(false);
  answers[1]?.open();
  expect(await texts[1]).toBe("served");
  await until(() => closed);
});

async function textOf(session: ClientHttp2Session): Promise<string> {
  onTestFinished(() => session.destroy());
  return (await session.request({ ":path": "/" }).setEncoding("utf8").toArray()).join("");
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

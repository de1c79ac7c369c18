import { once } from "node:events";
import { connect } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import { chatClient, chatHandler, startNodeServer } from "../../test/support/node-server.js";
import { until } from "../../test/support/until.js";

const ways = ["gRPC", "Connect over HTTP/2"] as const;

describe("a client that never ends its messages", () => {
  it.each(ways)("reads the whole answer of a handler that has heard enough: %s", async (way) => {
    const server = await startNodeServer({
      handler: chatHandler({
        async *chat() {
          for (let n = 0; n < 100; n++) yield { text: `${n}`.repeat(1000) };
        },
      }),
    });
    const texts: string[] = [];
    const read = async () => {
      for await (const { text } of chatClient(server.url, way).chat(forever())) texts.push(text);
    };
    // Connect's client may say so when it has read all and closes its own side: with Node 26 always, whoever serves.
    const error = await read().catch((error: unknown) => String(error));
    expect([undefined, "ConnectError: [unknown] Premature close"]).toContain(error);
    expect(texts).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`.repeat(1000)));
    await until(() => [...server.requests].length === 0);
  });

  it.each(ways)("sees an error at the end of the server, and does not hold that up: %s", async (way) => {
    const server = await startNodeServer({
      handler: chatHandler({
        async *chat(requests) {
          for await (const { text } of requests) {
            yield { text };
            await closing.opened;
            throw new ConnectError("enough", Code.OutOfRange);
          }
        },
      }),
    });
    const closing = gate();
    const texts: string[] = [];
    const read = async () => {
      for await (const { text } of chatClient(server.url, way).chat(forever())) {
        texts.push(text);
        void server.close();
        closing.open();
      }
    };
    expect(String(await read().catch(ConnectError.from))).toBe("ConnectError: [out_of_range] enough");
    expect([...server.requests]).toEqual([]);
    await server.close();
  });

  it("does not hold up the end either when it had its answer before", async () => {
    const server = await startNodeServer({ handler: (_, response) => response.end("enough") });
    const session = connect(server.url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":method": "POST" }).setEncoding("utf8");
    const closed = gate<number>();
    stream.once("close", () => closed.open(stream.rstCode));
    let text = "";
    for await (const chunk of stream) text += chunk;
    expect([text, stream.closed, [...server.requests]]).toEqual(["enough", false, []]);
    await server.close();
    expect(await closed.opened).toBe(0);
  });
});

it("a client that reads no answer does not hold up the end of the server", async () => {
  const server = await startNodeServer({ handler: (_, response) => response.end("unread") });
  const session = connect(server.url);
  onTestFinished(() => session.destroy());
  await once(session.request({ ":path": "/" }), "response");
  await server.close();
});

async function* forever() {
  yield { text: "a" };
  await new Promise(() => {});
}

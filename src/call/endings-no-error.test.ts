import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { clientInterceptor } from "connect-clue";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect } from "../../test/support/context-observe.js";
import { isInstalled } from "../../test/support/installed.js";
import { Recorder } from "../../test/support/recorder.js";

// HTTP/2 lets a server answer before it has read the request, and reset the stream with NO_ERROR: send no more.

const never = new Promise<never>(() => {});
const emptyMessage = Buffer.from([0, 0, 0, 0, 0]);
const endOfStream = Buffer.from([2, 0, 0, 0, 2, ...Buffer.from("{}")]);

const calls: readonly [kind: string, call: (client: Client<typeof ChatService>) => Promise<unknown>][] = [
  ["client streaming", (client) => client.upload(requests({ text: "a" }, never))],
  ["bidi", (client) => collect(client.chat(requests({ text: "a" }, never)))],
];

describe.each(calls)("a server resets the stream of a call with NO_ERROR, %s", (_, call) => {
  it("after a whole response: the call is ok", async () => {
    const { client, side } = await connectTo((stream) => {
      stream.write(emptyMessage);
      stream.end(endOfStream, () => stream.close(constants.NGHTTP2_NO_ERROR));
    });
    await call(client);
    expect(await side.events()).toEqual(["send 1", "receive 1", "end ok received=1 sent=1"]);
  });

  it("in the middle of a response: the call fails as the application sees it", async () => {
    const { client, side } = await connectTo((stream) => {
      stream.write(emptyMessage, () => stream.close(constants.NGHTTP2_NO_ERROR));
    });
    await expect(call(client)).rejects.toThrow(
      "[invalid_argument] protocol error: missing EndStreamResponse",
    );
    expect(await side.events()).toEqual([
      "send 1",
      "receive 1",
      "end error invalid_argument received=1 sent=1",
    ]);
  });

  // With Connect before 2.3 such a call never ends.
  if (isInstalled("@connectrpc/connect-node", 2, 3)) {
    it("before a response: the call fails", async () => {
      const { client, side } = await connectTo();
      await expect(call(client)).rejects.toThrow("[internal] http/2 stream closed with error code NO_ERROR");
      expect(await side.events()).toEqual(["send 1", "end error internal received=0 sent=1"]);
    });
  }
});

/** A client of a server that answers every request with `answer`, or resets it at once. */
async function connectTo(answer?: (stream: ServerHttp2Stream) => void) {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    if (answer === undefined) {
      stream.close(constants.NGHTTP2_NO_ERROR);
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/connect+proto" });
    answer(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  onTestFinished(() => {
    sessionManager.abort();
    server.close();
  });
  const side = new Recorder();
  const interceptors = [clientInterceptor({ log: false, observers: [side.observe] })];
  const transport = createConnectTransport({ httpVersion: "2", baseUrl, sessionManager, interceptors });
  return { client: createClient(ChatService, transport), side };
}

import type { IncomingMessage } from "node:http";
import { connect } from "node:http2";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { chatHandler, rawConnection, startNodeServer } from "../../test/support/node-server.js";
import { repairAuthority } from "./authority.js";

describe("repairAuthority", () => {
  it.each([
    ["a", "a"],
    ["a.example:8080", "a.example:8080"],
    ["127.0.0.1:80", "127.0.0.1:80"],
    ["[::1]:8080", "[::1]:8080"],
    ["::1:8080", "[::1]:8080"],
    ["2001:db8::5:443", "[2001:db8::5]:443"],
    ["::1", "[::1]"],
    ["::ffff:1.2.3.4:80", "[::ffff:1.2.3.4]:80"],
    [undefined, "[fe80::1]:50051"],
    ["", "[fe80::1]:50051"],
  ])("%j becomes %j", (sent, repaired) => {
    expect(repair(sent)).toBe(repaired);
    expect(repair(sent)).toBe(repaired);
  });

  it.each(["a b", "a/b", "a?b", "a#b", "b@a", "a\\b", "a:b", "a:99999", "[::1", "::1::", "1.2.3.4.5", "%"])(
    "%j is no good",
    (sent) => {
      expect(repair(sent)).toBeUndefined();
    },
  );

  it("lets a URL be made of all that it lets pass", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.webAuthority()), (sent) => {
        const authority = repair(sent);
        if (authority !== undefined) expect(new URL("/a", `http://${authority}`).pathname).toBe("/a");
      }),
    );
  });
});

describe("a request", () => {
  const handler = chatHandler({ say: (_, { url }) => ({ text: new URL(url).host }) });
  const body = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

  it("of HTTP/1.0 without a host is served", async () => {
    const { port } = await startNodeServer({ handler });
    const { closed } = rawConnection(port, `POST /chat.v1.ChatService/Say HTTP/1.0\r\n${body}`);
    expect(await closed).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });

  it("of HTTP/1.1 with a bad host is answered with 400", async () => {
    const { port } = await startNodeServer({ handler });
    const head = "POST /chat.v1.ChatService/Say HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n";
    expect(await rawConnection(port, head + body).closed).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
  });

  it.each([
    ["::1:8080", 200],
    ["a:b", 400],
  ])("of HTTP/2 with the authority %j is answered with %i", async (authority, status) => {
    const { url } = await startNodeServer({ handler });
    const session = connect(url);
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":authority": authority,
      ":path": "/chat.v1.ChatService/Say",
      "content-type": "application/json",
    });
    const answered = new Promise((resolve) =>
      stream.once("response", (headers) => resolve(headers[":status"])),
    );
    stream.end("{}");
    expect(await answered).toBe(status);
  });
});

/** The authority of an HTTP/1 request to `[fe80::1]:50051`, after the repair; undefined when it is no good. */
function repair(host: string | undefined): string | undefined {
  const headers = host === undefined ? {} : { host };
  const socket = { localAddress: "fe80::1", localPort: 50051 };
  const request = { headers, socket } as unknown as IncomingMessage;
  return repairAuthority(request) ? request.headers.host : undefined;
}

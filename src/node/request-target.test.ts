import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { rawConnection, startNodeServer } from "../../test/support/node-server.js";
import type { NodeRequestHandler } from "./index.js";
import { repairTarget } from "./request-target.js";

describe("repairTarget", () => {
  it.each([
    ["/a?b=http://c", "/a?b=http://c", "old"],
    ["//a/b", "//a/b", "old"],
    ["*", "*", "old"],
    ["", "", "old"],
    ["http://a", "/", "a"],
    ["http://a/", "/", "a"],
    ["HTTPS://a.example:8080/b/c?d#e", "/b/c?d#e", "a.example:8080"],
    ["http://[::1]:80?a", "/?a", "[::1]:80"],
    ["http:///a", "http:///a", "old"],
    ["ftp://a/b", "ftp://a/b", "old"],
  ])("%j becomes %j at %s", (url, path, host) => {
    const request = { url, headers: { host: "old" } } as IncomingMessage;
    repairTarget(request);
    expect([request.url, request.headers.host]).toEqual([path, host]);
  });
});

it.each([
  ["http://b:81/c?d", "/c?d at b:81"],
  ["/c?d", "/c?d at a"],
])("a request for %s is served", async (target, answer) => {
  const handler: NodeRequestHandler = ({ url, headers }, response) =>
    response.end(`${url} at ${headers.host}`);
  const { port } = await startNodeServer({ handler });
  const { closed } = rawConnection(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  expect((await closed).split("\r\n\r\n")[1]).toBe(answer);
});

it("a target whose host is no host is answered with 400", async () => {
  const { port } = await startNodeServer();
  const get = "GET http://a:b@c/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  expect(await rawConnection(port, get).closed).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
});

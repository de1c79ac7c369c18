import { once } from "node:events";
import { request } from "node:http";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { connect as netConnect } from "node:net";
import type { Writable } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { diag } from "@opentelemetry/api";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import { rawConnection, rawSocket, startNodeServer } from "../../test/support/node-server.js";
import { testCertificate, testKey } from "../../test/support/tls.js";
import { until } from "../../test/support/until.js";
import type { NodeRequestHandler } from "./index.js";

const served: NodeRequestHandler = (_, response) => response.end("served");
const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const settings = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", "latin1");

describe("headersTimeoutMs", () => {
  it.each(["", "PRI * HT"])("ends a connection that doesn't say what it is: %j", async (first) => {
    const { port } = await startNodeServer({ headersTimeoutMs: 20 });
    expect(await rawConnection(port, first).closed).toBe("");
  });

  it("ends a TLS connection whose client doesn't shake hands", async () => {
    const tls = { cert: testCertificate, key: testKey };
    const { port } = await startNodeServer({ headersTimeoutMs: 20, tls });
    expect(await rawConnection(port).closed).toBe("");
  });

  it.each([false, true])("answers half a head with 408, after a request or not: %s", async (after) => {
    const { port } = await startNodeServer({ headersTimeoutMs: 20, handler: served });
    const { socket, text, closed } = rawConnection(port, after ? get : "GET / HTTP/1.1\r\nHo");
    if (after) {
      await until(() => text().endsWith("served"));
      socket.write("GET / HTTP/1.1\r\nHo");
    }
    expect((await closed).split("served").at(-1)).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
  });
});

describe("idleTimeoutMs", () => {
  it("ends an HTTP/1.1 connection that has no request", async () => {
    const { port } = await startNodeServer({ idleTimeoutMs: 20, handler: served });
    expect(await rawConnection(port, get).closed).toMatch(/served$/);
  });

  it.each([false, true])(
    "ends an HTTP/2 connection that has no stream, in peace, after one or not: %s",
    async (after) => {
      const { url } = await startNodeServer({ idleTimeoutMs: 20, handler: served });
      const session = connect(url);
      const goaways: unknown[] = [];
      session.on("goaway", (...goaway) => goaways.push(goaway.slice(0, 2)));
      if (after) expect(await textOf(session)).toBe("served");
      await once(session, "close");
      expect(goaways).toEqual([[constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1]]);
    },
  );

  it.each([
    ["half a frame header", [0, 0, 50]],
    ["half a head", [0, 0, 50, 1, 5, 0, 0, 0, 1]],
    ["a head that goes on", [0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]],
    ["nothing, and does not close its side", []],
  ])("ends an HTTP/2 connection whose client sends %s", async (_, bytes) => {
    const { port } = await startNodeServer({ idleTimeoutMs: 20, maxConnections: 1, handler: served });
    const socket = netConnect({ port, host: "127.0.0.1", allowHalfOpen: true });
    rawSocket(socket, Buffer.concat([settings, Buffer.from(bytes)]));
    await once(socket, "end");
    expect(await answerOf(port)).toMatch(/served$/);
  });

  it("ends an HTTP/2 connection over TLS whose client does not say a word", async () => {
    const { port } = await startNodeServer({
      idleTimeoutMs: 20,
      tls: { cert: testCertificate, key: testKey },
    });
    const socket = tlsConnect({ port, host: "127.0.0.1", ca: testCertificate, ALPNProtocols: ["h2"] });
    await rawSocket(socket).closed;
  });
});

describe("no limit cuts", () => {
  const limits = { headersTimeoutMs: 10, idleTimeoutMs: 10 };

  it("a request over HTTP/1.1 whose body and answer take longer than all of them", async () => {
    const handler: NodeRequestHandler = (asked, response) => {
      response.writeHead(200);
      asked.pipe(response as Writable);
    };
    const { url, port } = await startNodeServer({ ...limits, handler });
    const call = request(url, { method: "POST" });
    call.write("first ");
    const [response] = await once(call, "response");
    await outlast(port);
    call.end("last");
    expect(await response.setEncoding("utf8").toArray()).toEqual(["first ", "last"]);
  });

  it("a stream over HTTP/2 that is silent for longer than all of them", async () => {
    const last = gate();
    const handler: NodeRequestHandler = async (asked, response) => {
      response.writeHead(200);
      if (asked.httpVersion === "2.0") await last.opened;
      response.end("last");
    };
    const { url, port } = await startNodeServer({ ...limits, handler });
    const session = connect(url);
    const answer = textOf(session);
    let goaways = 0;
    session.on("goaway", () => goaways++);
    await outlast(port);
    expect(goaways).toBe(0);
    last.open();
    expect(await answer).toBe("last");
    await once(session, "close");
  });
});

describe("maxConnections", () => {
  it("closes what is more, reports it once, and takes others when some have gone", async () => {
    const warnings = diagWarnings();
    const { port } = await startNodeServer({ maxConnections: 3, handler: served });
    const kept = [1, 2, 3].map(() => rawConnection(port).socket);
    await Promise.all(kept.map((socket) => once(socket, "connect")));
    const flood = Array.from({ length: 100 }, () => rawConnection(port).closed);
    expect(await Promise.all(flood)).toEqual(flood.map(() => ""));
    expect(kept.map((socket) => socket.destroyed)).toEqual([false, false, false]);
    expect(warnings).toEqual(["connect-clue: more than 3 connections; this is reported once"]);
    kept[0]?.destroy();
    expect(await answerOf(port)).toMatch(/served$/);
  });
});

describe("maxHeaderBytes", () => {
  const limits = { maxHeaderBytes: 2000, handler: served };

  it("answers 431 over HTTP/1.1", async () => {
    const { port } = await startNodeServer(limits);
    const head = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(3000)}`;
    expect(await rawConnection(port, head).closed).toMatch(
      /^HTTP\/1.1 431 Request Header Fields Too Large\r\n/,
    );
  });

  it("resets the stream over HTTP/2, and the connection goes on", async () => {
    const { url } = await startNodeServer(limits);
    const session = connect(url);
    onTestFinished(() => session.destroy());
    await once(session, "remoteSettings");
    expect(session.remoteSettings.maxHeaderListSize).toBe(2000);
    const stream = session.request({ ":path": "/", x: "x".repeat(3000) });
    await expect(once(stream, "end")).rejects.toThrow("NGHTTP2_ENHANCE_YOUR_CALM");
    expect(await textOf(session)).toBe("served");
  });
});

it("maxConcurrentStreams is what an HTTP/2 client is told", async () => {
  const { url } = await startNodeServer({ maxConcurrentStreams: 7 });
  const session = connect(url);
  onTestFinished(() => session.destroy());
  await once(session, "remoteSettings");
  expect(session.remoteSettings.maxConcurrentStreams).toBe(7);
});

/** Takes so long that the same server has cut off others, by each of its timeouts. */
async function outlast(port: number): Promise<void> {
  for (const first of ["", "GET / HTTP/1.1\r\nHo", get]) await rawConnection(port, first).closed;
}

/** What a server answers that has room again. */
async function answerOf(port: number): Promise<string> {
  for (;;) {
    const text = await rawConnection(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").closed;
    if (text !== "") return text;
  }
}

function diagWarnings(): string[] {
  const warnings: string[] = [];
  const ignore = () => {};
  const warn = (message: string) => void warnings.push(message);
  diag.setLogger({ error: ignore, warn, info: ignore, debug: ignore, verbose: ignore });
  onTestFinished(() => diag.disable());
  return warnings;
}

async function textOf(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({ ":path": "/" });
  return (await stream.setEncoding("utf8").toArray()).join("");
}

import { once } from "node:events";
import { connect as netConnect, type Socket } from "node:net";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rawConnection, startNodeServer } from "../../test/support/node-server.js";
import { until } from "../../test/support/until.js";
import { readPreface } from "./preface.js";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const emptySettings = "\0\0\0\u0004\0\0\0\0\0";

describe("readPreface", () => {
  it("decides with the first byte that differs, and leaves all bytes where they were", async () => {
    const cases = fc.record({
      same: fc.nat(preface.length),
      rest: fc.string({ unit: "binary-ascii", minLength: 1 }),
      cuts: fc.array(fc.nat(60)),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ same, rest, cuts }) => {
        const text = preface.slice(0, same) + rest;
        fc.pre(text === preface || !preface.startsWith(text));
        const { socket, protocol } = reading();
        for (const part of partsOf(text, cuts)) socket.push(part, "latin1");
        expect(await protocol).toBe(text.startsWith(preface) ? "HTTP/2" : "HTTP/1");
        expect(socket.listenerCount("readable") + socket.listenerCount("close")).toBe(0);
        socket.push(null);
        expect(Buffer.concat(await socket.toArray()).toString("latin1")).toBe(text);
      }),
    );
  });

  it.each(["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"])("ends what doesn't go on: %j", async (text) => {
    const { socket, protocol } = reading(1);
    if (text !== "") socket.push(text);
    await once(socket, "close");
    expect(await Promise.race([protocol, "undecided"])).toBe("undecided");
  });
});

describe("a server that gets", () => {
  it("HTTP/2 byte by byte acknowledges the client's settings", async () => {
    const { port } = await startNodeServer();
    const { socket, text } = rawConnection(port);
    await drip(socket, preface + emptySettings);
    await until(() => text().includes("\0\0\0\u0004\u0001\0\0\0\0"));
  });

  it.each([
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  ])("HTTP/1.1 byte by byte serves it: %j", async (text) => {
    const { port } = await startNodeServer({ handler: (_, response) => void response.end("served") });
    const { socket, closed } = rawConnection(port);
    socket.setNoDelay();
    for (const byte of text) await new Promise((resolve) => socket.write(byte, resolve));
    expect(await closed).toMatch(/^HTTP\/1.1 200 OK\r\n.*served$/s);
  });

  it.each(["\0\u0001garbage\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nGO\r\n\r\n", "\u0016\u0003\u0001\u0002\0"])(
    "garbage answers 400 and goes on: %j",
    async (text) => {
      const { port, url } = await startNodeServer({ handler: (_, response) => void response.end("served") });
      expect(await rawConnection(port, text).closed).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
      expect(await (await fetch(url)).text()).toBe("served");
    },
  );

  it("the preface and then garbage ends the connection and goes on", async () => {
    const { port, url } = await startNodeServer({ handler: (_, response) => void response.end("served") });
    const { closed } = rawConnection(port, `${preface}${"garbage".repeat(100)}`);
    await closed;
    expect(await (await fetch(url)).text()).toBe("served");
  });

  it("a reset after any byte goes on", async () => {
    const { port, url } = await startNodeServer({ handler: (_, response) => void response.end("served") });
    const texts = [`${preface}${emptySettings}`, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"];
    for (const text of texts) {
      for (let length = 0; length <= text.length; length++) {
        const socket = netConnect(port, "127.0.0.1");
        socket.on("error", () => {});
        await once(socket, "connect");
        if (length > 0)
          await new Promise((resolve) => socket.write(text.slice(0, length), "latin1", resolve));
        socket.resetAndDestroy();
      }
    }
    expect(await (await fetch(url)).text()).toBe("served");
  });
});

/** What is read of a stream that stands for a socket. */
function reading(timeoutMs = 10_000) {
  const socket = new Readable({ read() {} }) as Socket;
  const protocol = new Promise<string>((resolve) => readPreface(socket, timeoutMs, resolve));
  return { socket, protocol };
}

async function drip(socket: Socket, text: string): Promise<void> {
  socket.setNoDelay();
  for (const byte of text) await new Promise((resolve) => socket.write(byte, "latin1", resolve));
}

function partsOf(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
  return places.slice(1).map((place, index) => text.slice(places[index], place));
}

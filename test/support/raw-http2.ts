import { once } from "node:events";
import { connect, createServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** An HTTP/2 message as it came over the wire. */
export interface RawMessage {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
}

/** Posts bytes to a method, and gives back all that comes. */
export async function rawCall(
  url: string,
  path: string,
  type: string,
  body: Uint8Array,
): Promise<RawMessage> {
  const session = connect(url);
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": type, te: "trailers" });
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on("response", (got) => {
    headers = got;
  });
  stream.on("trailers", (got) => {
    trailers = got;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.end(body);
  await once(stream, "close");
  session.close();
  const { date: _, ...rest } = headers;
  return { headers: rest, body: Buffer.concat(chunks).toString("latin1"), trailers: { ...trailers } };
}

/** A server that records the one request it gets, and answers it with the given bytes. */
export async function rawServer(answer: {
  type: string;
  body: Uint8Array;
  trailers: Record<string, string>;
}) {
  const server = createServer();
  const request = new Promise<RawMessage>((resolve) => {
    server.on("stream", (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { ":authority": _, ...rest } = headers;
        resolve({ headers: rest, body: Buffer.concat(chunks).toString("latin1"), trailers: {} });
        stream.respond({ "content-type": answer.type }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers(answer.trailers));
        stream.end(answer.body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, request };
}

/** Messages in the envelopes that all three protocols use in streams. */
export function enveloped(...messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      return [head, message];
    }),
  );
}

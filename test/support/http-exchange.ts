import { get as http1Get, type IncomingHttpHeaders } from "node:http";
import { connect as http2Connect } from "node:http2";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";

/** The two HTTP versions that plain HTTP handlers are asked over. */
export type HttpVersion = "HTTP/1.1" | "HTTP/2";

/** An answer whose head has come. */
export interface HttpExchange {
  readonly status: number;
  /** Without those that differ from run to run or from version to version. */
  readonly headers: IncomingHttpHeaders;
  /** The body: read it to let more of it come. */
  readonly body: Readable;
  /** Goes away without reading on. */
  leave(): void;
}

/** A request of a test. */
export interface Requested {
  readonly version: HttpVersion;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves then, if there is no answer yet. */
  readonly leaveWhen?: Promise<void>;
}

/** Asks for a URL on a connection of its own, and waits for the head of the answer. */
export function exchange(url: string, requested: Requested): Promise<HttpExchange> {
  return requested.version === "HTTP/2" ? exchange2(url, requested) : exchange1(url, requested);
}

/** Reads a whole body. Rejects when it broke off. */
export async function bytesOf({ body }: HttpExchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads a whole body as text. */
export async function textOf(answer: HttpExchange): Promise<string> {
  return (await bytesOf(answer)).toString();
}

function exchange1(url: string, { method, headers, leaveWhen }: Requested): Promise<HttpExchange> {
  return new Promise((resolve, reject) => {
    const request = http1Get(url, { method, headers, agent: false });
    const leave = () => void request.destroy();
    onTestFinished(leave);
    request.on("error", reject);
    request.on("response", (response) => {
      resolve({ status: response.statusCode ?? 0, headers: stable(response.headers), body: response, leave });
    });
    leaveWhen?.then(leave);
  });
}

function exchange2(url: string, { method = "GET", headers, leaveWhen }: Requested): Promise<HttpExchange> {
  return new Promise((resolve, reject) => {
    const { origin, pathname, search } = new URL(url);
    const session = http2Connect(origin);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": pathname + search, ":method": method, ...headers });
    const leave = () => stream.close(8);
    session.on("error", reject);
    stream.on("error", reject);
    stream.on("close", () => reject(new Error("closed without an answer")));
    stream.on("response", ({ ":status": status = 0, ...rest }) => {
      resolve({ status, headers: stable(rest), body: stream, leave });
    });
    leaveWhen?.then(leave);
  });
}

function stable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !volatile.includes(name)));
}

const volatile = ["date", "connection", "keep-alive", "transfer-encoding"];

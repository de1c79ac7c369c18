import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Linked } from "../call/in-flight.js";
import { peerOf } from "./connection.js";

/** A request that has not ended: what a log line tells of one that was cut off. */
export interface RequestInFlight {
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** `address:port` of the client; none where it has gone. */
  readonly peer: string | undefined;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
}

/** A request and its response, until the response has been sent or its client has gone. */
export class Exchange implements Linked<Exchange> {
  previous: Exchange | undefined = undefined;
  next: Exchange | undefined = undefined;
  private readonly startTime = Date.now();
  private onEnd: (() => void) | undefined;

  constructor(
    readonly request: IncomingMessage | Http2ServerRequest,
    readonly response: ServerResponse | Http2ServerResponse,
  ) {}

  /** What is known of the request now. */
  describe(): RequestInFlight {
    const { method = "", url = "", httpVersion } = this.request;
    const path = url.split("?", 1)[0] ?? "";
    return { method, path, peer: peerOf(this.request), startTime: this.startTime, httpVersion };
  }

  /** Calls back once, when the response has been sent or its client has gone. */
  onceEnded(callback: () => void): void {
    this.onEnd = callback;
    this.response.once("close", () => this.end());
  }

  /** What becomes of the response is of no interest any more. */
  end(): void {
    const { onEnd } = this;
    this.onEnd = undefined;
    onEnd?.();
  }

  /** Tells the client of an HTTP/1 connection that this response is the last one. */
  closeConnection(): void {
    if (!this.response.headersSent) this.response.setHeader("connection", "close");
  }

  /**
   * Takes {@link closeConnection} back.
   *
   * @returns false when the client has been told already
   */
  keepConnection(): boolean {
    if (this.response.headersSent) return this.response.getHeader("connection") !== "close";
    this.response.removeHeader("connection");
    return true;
  }

  /** Answers with a line of text, in place of the handler. What that has set for its own answer goes. */
  answer(status: number, text: string): void {
    const { response } = this;
    const body = Buffer.from(`${text}\n`);
    for (const name of response.getHeaderNames()) {
      if (name !== "connection") response.removeHeader(name);
    }
    response.statusCode = status;
    response.setHeader("content-type", "text/plain; charset=utf-8");
    response.setHeader("content-length", body.length);
    response.end(body);
  }
}

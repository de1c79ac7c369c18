import type { ServerHttp2Session } from "node:http2";

/**
 * Ends an HTTP/2 connection so that no call is lost (RFC 9113, section 6.8): the client is told first to open no more streams,
 * while those that it has sent already are still served; after a round trip the connection closes with its last stream.
 *
 * @param longestMs - how long the round trip may take, in milliseconds
 */
export function closeGracefully(session: ServerHttp2Session, longestMs: number): void {
  if (session.closed || session.destroyed) return;
  session.setTimeout(0);
  const timer = setTimeout(close, longestMs);
  session.once("close", () => clearTimeout(timer));
  session.goaway(noError, lastOfAllStreams);
  session.ping(close);

  function close(): void {
    clearTimeout(timer);
    if (!session.destroyed) session.close();
  }
}

const noError = 0;
const lastOfAllStreams = 2 ** 31 - 1;

import { constants, type ServerHttp2Session } from "node:http2";

/**
 * How long a request that was sent before the client knew of the end may be on its way, in milliseconds. Only then are idle
 * connections closed, and HTTP/2 connections to new streams.
 */
export const roundTripMs = 500;

/**
 * Ends an HTTP/2 connection so that no call is lost (RFC 9113, section 6.8): the client is told first to open no more
 * streams; after a round trip, it is told which was the last, and the connection closes with that. Streams that were on
 * their way are not served, as Node drops what comes behind a GOAWAY, but their client knows it, and can send them again.
 */
export function closeGracefully(session: ServerHttp2Session): void {
  if (session.closed || session.destroyed) return;
  const timer = setTimeout(close, roundTripMs);
  session.once("close", () => clearTimeout(timer));
  session.goaway(constants.NGHTTP2_NO_ERROR, lastOfAllStreams);
  session.ping(close);

  function close(): void {
    clearTimeout(timer);
    if (!session.destroyed) session.close();
  }
}

const lastOfAllStreams = 2 ** 31 - 1;

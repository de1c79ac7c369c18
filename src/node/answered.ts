import type { IncomingMessage } from "node:http";
import { constants, type Http2ServerRequest } from "node:http2";

/**
 * Whether the response to a request is complete. An HTTP/2 stream may still be open then: its client has not ended the
 * request.
 */
export function isAnswered(request: IncomingMessage | Http2ServerRequest): boolean {
  return "stream" in request && request.stream.sentTrailers !== undefined;
}

/**
 * Closes an HTTP/2 stream when its response has been complete for a while and its client has still not ended the request
 * (RFC 9113, section 8.1). Not at once: Node's client throws away what it has not read of a stream that is reset.
 *
 * @param lingerMs - how long the client has to read the response, in milliseconds
 */
export function closeOnceAnswered(request: IncomingMessage | Http2ServerRequest, lingerMs: number): void {
  if (!("stream" in request)) return;
  const { stream } = request;
  if (isAnswered(request)) linger();
  else stream.once("wantTrailers", linger);

  function linger(): void {
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), lingerMs);
    stream.once("close", () => clearTimeout(timer));
  }
}

import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { closeGracefully, roundTripMs } from "./goaway.js";

/**
 * Closes an HTTP/2 connection that has had no stream for a while: in peace first, and then its socket, as a client may not
 * close its own side. Half a head is no stream.
 *
 * The timer is not that of `session.setTimeout`, which Node leaves running when the session ends: each closed connection
 * would stay in memory until it is over.
 *
 * @param socket - what the session speaks on, TLS or not
 * @param idleTimeoutMs - how long it may have no stream, in milliseconds
 */
export function closeWhenIdle(session: ServerHttp2Session, socket: Socket, idleTimeoutMs: number): void {
  let streams = 0;
  let timer = whenIdle(idleTimeoutMs, () => {
    closeGracefully(session);
    timer = whenIdle(farewellMs, () => socket.destroy());
  });
  session.on("stream", (stream) => {
    streams++;
    stream.once("close", streamClosed);
  });
  session.once("close", () => clearTimeout(timer));

  function whenIdle(ms: number, then: () => void): NodeJS.Timeout {
    const act = () => {
      if (streams === 0) then();
    };
    return setTimeout(act, ms).unref();
  }

  function streamClosed(): void {
    streams--;
    // After "close", it would set a timer that was cleared.
    if (streams === 0 && !socket.destroyed) timer.refresh();
  }
}

/** How long the graceful end of a connection may take, in milliseconds. */
const farewellMs = 2 * roundTripMs;

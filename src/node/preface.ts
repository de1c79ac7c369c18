import type { Socket } from "node:net";

/** What a connection speaks. */
export type Protocol = "HTTP/1" | "HTTP/2";

/**
 * Tells from a connection's first bytes what it speaks: HTTP/2 begins with a preface (RFC 9113, section 3.4), and all
 * else is left to HTTP/1. The bytes stay in the socket. A connection that doesn't show what it is in time is ended.
 *
 * @param timeoutMs - how long the first bytes may take, in milliseconds
 * @param onProtocol - called once, as soon as it is clear
 */
export function readPreface(
  socket: Socket,
  timeoutMs: number,
  onProtocol: (protocol: Protocol) => void,
): void {
  let head = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.on("readable", read).once("close", done);

  function read(): void {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read())
      head = Buffer.concat([head, chunk]);
    const protocol = protocolOf(head);
    if (protocol === undefined) return;
    done();
    socket.unshift(head);
    onProtocol(protocol);
  }

  function done(): void {
    clearTimeout(timer);
    socket.off("readable", read).off("close", done);
  }
}

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Undefined as long as the bytes may still become the preface. */
function protocolOf(head: Buffer): Protocol | undefined {
  const length = Math.min(head.length, preface.length);
  if (head.compare(preface, 0, length, 0, length) !== 0) return "HTTP/1";
  return length === preface.length ? "HTTP/2" : undefined;
}

import { encodeEnvelope } from "@connectrpc/connect/protocol";
import type { Exchange } from "./exchange.js";

/**
 * Ends a response with `unavailable`, in the way of its protocol. A client whose connection just goes away may take it
 * for something else: Connect's says `canceled`, which nobody tries again.
 */
export function sayUnavailable(exchange: Exchange): void {
  const { request, response } = exchange;
  // That of the response is the same, and Node's HTTP/1 response no longer tells it.
  const type = request.headers["content-type"] ?? "";
  if (!response.headersSent) exchange.answer(503, message);
  else if (type.startsWith("application/grpc-web")) response.end(envelope(0x80, grpcStatus));
  else if (type.startsWith("application/grpc")) {
    response.addTrailers({ "grpc-status": "14", "grpc-message": message });
    response.end();
  } else if (type.startsWith("application/connect+")) response.end(envelope(0x02, connectEnd));
}

const message = "server is shutting down";
const grpcStatus = `grpc-status: 14\r\ngrpc-message: ${message}\r\n`;
const connectEnd = JSON.stringify({ error: { code: "unavailable", message } });

/** The last message of a stream. Connect's adapter writes whole envelopes only, so it stands at the right place. */
function envelope(flags: number, text: string): Uint8Array {
  return encodeEnvelope(flags, new TextEncoder().encode(text));
}

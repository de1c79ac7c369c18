import type { RpcKind, RpcProtocol } from "connect-clue";

/** How a call is to go. */
export type Course =
  | "ok"
  | "error before messages"
  | "error between messages"
  | "error after messages"
  | "client abort"
  | "client break"
  | "deadline"
  | "server shutdown";

/** One cell of the matrix. */
export interface Case {
  readonly kind: RpcKind;
  readonly protocol: RpcProtocol;
  readonly http: "memory" | "1.1" | "2";
  readonly course: Course;
}

const kinds: readonly RpcKind[] = ["unary", "client_streaming", "server_streaming", "bidi_streaming"];
const protocols: readonly RpcProtocol[] = ["connect", "grpc", "grpc-web"];
const https: readonly Case["http"][] = ["memory", "1.1", "2"];
const courses: readonly Course[] = [
  "ok",
  "error before messages",
  "error between messages",
  "error after messages",
  "client abort",
  "client break",
  "deadline",
  "server shutdown",
];

/** All cells that can exist. */
export const cases: readonly Case[] = kinds
  .flatMap((kind) => protocols.map((protocol) => ({ kind, protocol })))
  .flatMap((cell) => https.map((http) => ({ ...cell, http })))
  .flatMap((cell) => courses.map((course) => ({ ...cell, course })))
  .filter(exists);

/**
 * What does not exist: gRPC over HTTP/1.1 (it needs trailers of HTTP/2), a bidi stream over HTTP/1.1 (a server answers
 * when the request is over), any protocol but Connect in memory; for a unary call, errors between and after messages (it
 * has one message, and the handler is called with it); and a loop to break where the client gets one message.
 */
function exists({ kind, protocol, http, course }: Case): boolean {
  if (http === "1.1" && (protocol === "grpc" || kind === "bidi_streaming")) return false;
  if (http === "memory" && protocol !== "connect") return false;
  if (kind === "unary" && (course === "error between messages" || course === "error after messages"))
    return false;
  return course !== "client break" || kind === "server_streaming" || kind === "bidi_streaming";
}

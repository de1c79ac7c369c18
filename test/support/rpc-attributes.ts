import type { Attributes } from "@opentelemetry/api";
import type { Side } from "connect-clue";

/**
 * The attributes that the span of a call of the chat service begins with.
 *
 * @param http - how the call travels, as `startChat` has it
 */
export function rpcAttributes(side: Side, method: string, http: "memory" | "1.1" | "2" = "2"): Attributes {
  const inMemory = http === "memory";
  return {
    "rpc.system.name": "connectrpc",
    "rpc.method": `chat.v1.ChatService/${method}`,
    "server.address": inMemory ? "in-memory" : "127.0.0.1",
    "server.port": inMemory ? 443 : "<port>",
    ...(side === "server" &&
      !inMemory && { "network.peer.address": "127.0.0.1", "network.peer.port": "<port>" }),
  };
}

import { type ContextKey, createContextKey } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";

/** Where `callOptions` leaves the context of an outgoing call for the client's interceptor. */
export const outgoingContext: ContextKey<Context | undefined> = createContextKey<Context | undefined>(
  undefined,
  {
    description: "connect-clue outgoing context",
  },
);

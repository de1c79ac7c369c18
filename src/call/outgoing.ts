import type { ContextKey } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";

/**
 * Where `callOptions` leaves the context of an outgoing call for the client's interceptor. It is an OpenTelemetry context
 * and nothing else, so that all versions of the kit can have the key in common.
 */
export const outgoingContext: ContextKey<Context | undefined> = {
  id: Symbol.for("connect-clue outgoing context"),
  defaultValue: undefined,
};

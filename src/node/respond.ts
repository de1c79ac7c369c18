import { diag } from "@opentelemetry/api";
import { repairAuthority } from "./authority.js";
import type { Exchange } from "./exchange.js";
import type { NodeRequestHandler } from "./node-server-options.js";

/** Has a request answered by the handler; by 400 when it is no good, and by 500 when the handler fails. */
export function respond(exchange: Exchange, handler: NodeRequestHandler): void {
  const { request, response } = exchange;
  try {
    if (repairAuthority(request)) {
      const result = handler(request, response);
      if (result instanceof Promise) result.catch((error) => fail(exchange, error));
    } else exchange.answer(400, "bad authority");
  } catch (error) {
    fail(exchange, error);
  }
}

function fail(exchange: Exchange, error: unknown): void {
  diag.error(`connect-clue: ${exchange.describe().path} could not be answered`, error);
  if (exchange.response.headersSent) exchange.response.destroy();
  else exchange.answer(500, "internal error");
}

import { diag } from "@opentelemetry/api";
import { repairAuthority } from "./authority.js";
import type { Exchange } from "./exchange.js";
import type { NodeRequestHandler } from "./node-server-options.js";
import { repairTarget } from "./request-target.js";

/** Has a request answered by the handler; by 400 when it is no good, and by 500 when the handler fails. */
export function respond(exchange: Exchange, handler: NodeRequestHandler): void {
  const { request, response } = exchange;
  try {
    if (!("stream" in request)) repairTarget(request);
    if (repairAuthority(request)) {
      const result = handler(request, response);
      if (isThenable(result)) Promise.resolve(result).catch((error) => fail(exchange, error));
    } else exchange.answer(400, "bad authority");
  } catch (error) {
    fail(exchange, error);
  }
}

/** Promises of other realms and libraries too. */
function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

function fail(exchange: Exchange, error: unknown): void {
  diag.error(`connect-clue: ${exchange.describe().path} could not be answered`, error);
  if (exchange.response.headersSent) exchange.response.destroy();
  else exchange.answer(500, "internal error");
}

import { type HttpHandler, handleGets } from "../call/http-handler.js";

/**
 * Makes one handler of several: each that doesn't serve a path leaves it to the next. What none serves goes to the
 * chain's own `next`, or without one gets the last handler's 404.
 *
 * @example
 * connectNodeAdapter({ routes, fallback: chain(healthHandler(checker), prometheusHandler()) })
 */
export function chain(...handlers: readonly HttpHandler[]): HttpHandler {
  return from(0);

  function from(index: number): HttpHandler {
    const handler = handlers[index];
    if (handler === undefined) return nothing;
    if (index === handlers.length - 1) return handler;
    const rest = from(index + 1);
    return (request, response, next) => handler(request, response, () => rest(request, response, next));
  }
}

/** Serves no path. */
const nothing = handleGets(new Map());

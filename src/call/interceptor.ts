import type { DescMethod } from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { Call, calls, handlerCallKey } from "./call.js";
import { callStream } from "./client-stream.js";
import { activeContext } from "./implicit.js";
import { Lingering } from "./lingering.js";
import { outgoingContext } from "./outgoing.js";
import { serveStream } from "./server-stream.js";
import type { CallObserverFactory } from "./types.js";
import { callUnary, serveUnary } from "./unary.js";

/**
 * The interceptor of servers: wraps a call of any kind once, tells its observers what happens, and settles how it ended.
 * Every feature is an observer of it.
 *
 * @param passes - methods for which it is false are not observed at all
 */
export function observingServer(
  observers: readonly CallObserverFactory[],
  passes: (method: DescMethod) => boolean,
): Interceptor {
  calls.lingering ??= new Lingering();
  return (next) =>
    function serverInterceptor(request) {
      if (!passes(request.method) || isObserved(request)) return next(request);
      const call = new Call("server", request, activeContext(), observers);
      request.contextValues.set(handlerCallKey, call);
      return request.stream ? serveStream(call, next, request) : serveUnary(call, next, request);
    };
}

/** The interceptor of clients, likewise. */
export function observingClient(
  observers: readonly CallObserverFactory[],
  passes: (method: DescMethod) => boolean,
): Interceptor {
  return (next) =>
    function clientInterceptor(request) {
      if (!passes(request.method)) return next(request);
      const parent = request.contextValues.get(outgoingContext) ?? activeContext();
      return request.stream
        ? callStream(parent, observers, next, request)
        : callUnary(new Call("client", request, parent, observers), next, request);
    };
}

/**
 * Whether another interceptor of the kit observes this very call: a service may bring one of its own. The headers
 * tell it from other calls, where an adapter gives all calls the same context values.
 */
function isObserved({ contextValues, header }: UnaryRequest | StreamRequest): boolean {
  const call = contextValues.get(handlerCallKey);
  return call !== undefined && call.header === header && call.outcome === undefined;
}

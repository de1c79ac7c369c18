import type { DescMethod } from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { Call, handlerCallKey } from "./call.js";
import { callStream } from "./client-stream.js";
import { activeContext } from "./implicit.js";
import { outgoingContext } from "./outgoing.js";
import { serveStream } from "./server-stream.js";
import type { CallObserverFactory, Side } from "./types.js";
import { callUnary, serveUnary } from "./unary.js";

/** What the one interceptor is made of. */
export interface ObservingOptions {
  readonly side: Side;
  readonly observers: readonly CallObserverFactory[];
  /** Methods that it lets pass untouched are not observed at all. */
  readonly filter: (method: DescMethod) => boolean;
}

/**
 * The one interceptor: wraps a call of any kind once, tells its observers what happens, and settles how it
 * ended. Every feature is an observer of it.
 */
export function observingInterceptor({ side, observers, filter }: ObservingOptions): Interceptor {
  if (side === "client") {
    return (next) =>
      function clientInterceptor(request) {
        if (!filter(request.method)) return next(request);
        const parent = request.contextValues.get(outgoingContext) ?? activeContext();
        return request.stream
          ? callStream(parent, observers, next, request)
          : callUnary(new Call("client", request, parent, observers), next, request);
      };
  }
  return (next) =>
    function serverInterceptor(request) {
      if (!filter(request.method) || isObserved(request)) return next(request);
      const call = new Call("server", request, activeContext(), observers);
      request.contextValues.set(handlerCallKey, call);
      return request.stream ? serveStream(call, next, request) : serveUnary(call, next, request);
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

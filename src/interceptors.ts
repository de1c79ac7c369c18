import type { Interceptor } from "@connectrpc/connect";
import { chooseImplicitContext } from "./call/implicit.js";
import { observingInterceptor } from "./call/interceptor.js";
import { compileFilter, type MethodFilter } from "./call/method-filter.js";
import { checkKnown } from "./call/options.js";
import type { CallObserverFactory, Side } from "./call/types.js";
import type { Logger, LogOptions } from "./log/index.js";
import { logObserver } from "./log/observer.js";

/** Options of both interceptors. */
export interface InterceptorOptions {
  /** Where calls log to. Default: the root logger. */
  readonly logger?: Logger;
  /** How calls are logged; false for not at all. */
  readonly log?: LogOptions | false;
  /** One's own observers, after the kit's. A factory is called for each call, and may return nothing. */
  readonly observers?: readonly CallObserverFactory[];
  /** The methods to observe. All others pass untouched. Default: all. */
  readonly filter?: MethodFilter;
  /**
   * Whether the kit keeps the call's context in an AsyncLocalStorage where OpenTelemetry has no context manager
   * registered. It holds for the whole process and can be said once. Default true. On Node before 24 any
   * AsyncLocalStorage makes every `await` of the process dearer: with false, pass contexts along explicitly.
   */
  readonly implicitContext?: boolean;
}

/**
 * The interceptor for servers: observes RPCs of all four kinds. A call that succeeds logs nothing; one that fails
 * logs all that led up to it.
 *
 * Put it first, so that it sees what the others do. Services that bring interceptors of their own need
 * `withInterceptor`.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * connectNodeAdapter({ interceptors: [serverInterceptor()], contextValues: nodeContextValues, routes })
 */
export function serverInterceptor(options: InterceptorOptions = {}): Interceptor {
  return interceptor("server", options);
}

/**
 * The interceptor for clients: observes outgoing RPCs of all four kinds. A call that is made while another one is
 * served logs into that one's buffer.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * createGrpcTransport({ baseUrl, interceptors: [clientInterceptor()] })
 */
export function clientInterceptor(options: InterceptorOptions = {}): Interceptor {
  return interceptor("client", options);
}

function interceptor(side: Side, options: InterceptorOptions): Interceptor {
  checkKnown(`${side}Interceptor`, options, ["logger", "log", "observers", "filter", "implicitContext"]);
  const { logger, log = {}, observers = [], filter, implicitContext } = options;
  if (!Array.isArray(observers) || observers.some((observer) => typeof observer !== "function")) {
    throw new TypeError("observers: expected an array of functions that make an observer for a call");
  }
  const factories: CallObserverFactory[] = log === false ? [] : [logObserver(logger, log)];
  const passes = compileFilter(filter, "filter");
  if (implicitContext !== undefined) chooseImplicitContext(implicitContext);
  return observingInterceptor({ side, observers: [...factories, ...observers], filter: passes });
}

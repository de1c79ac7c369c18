import type { Interceptor } from "@connectrpc/connect";
import { type ForceOptions, forceObserver } from "./call/force.js";
import { chooseImplicitContext } from "./call/implicit.js";
import { observingInterceptor } from "./call/interceptor.js";
import { compileFilter, type MethodFilter } from "./call/method-filter.js";
import { checkKnown } from "./call/options.js";
import type { CallObserverFactory, Side } from "./call/types.js";
import type { Logger, LogOptions } from "./log/index.js";
import { logObserver } from "./log/observer.js";
import type { MetricsOptions } from "./metrics/index.js";
import { metricsObserver } from "./metrics/observer.js";
import type { PayloadOptions } from "./payloads/index.js";
import { payloadObserver } from "./payloads/observer.js";
import type { TraceOptions } from "./trace/index.js";
import { traceObserver } from "./trace/observer.js";

/** Options of both interceptors. */
export interface InterceptorOptions {
  /** Where calls log to. Default: the root logger. */
  readonly logger?: Logger;
  /** How calls are logged; false for not at all. */
  readonly log?: LogOptions | false;
  /** How calls and their messages are traced; false for not at all. With a propagator and no SDK, contexts are handed on. */
  readonly trace?: TraceOptions | false;
  /** What is measured of calls; false for nothing. Without an OpenTelemetry SDK nothing is. */
  readonly metrics?: MetricsOptions | false;
  /**
   * Which messages are logged, and how, while debug is on for their call. Fields with `debug_redact` never are. Default: none
   * are, until one writes `payloads: {}`.
   */
  readonly payloads?: PayloadOptions | false;
  /** Who may ask for sampling and debug of one call, by a request header. Servers only. Default: nobody. */
  readonly force?: ForceOptions;
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
  checkKnown(`${side}Interceptor`, options, known);
  const { observers = [], filter, implicitContext } = options;
  if (!Array.isArray(observers) || observers.some((observer) => typeof observer !== "function")) {
    throw new TypeError("observers: expected an array of functions that make an observer for a call");
  }
  const factories = [...features(side, options), ...observers];
  const passes = compileFilter(filter, "filter");
  if (implicitContext !== undefined) chooseImplicitContext(implicitContext);
  return observingInterceptor({ side, observers: factories, filter: passes });
}

/** In this order: what forces a call decides its sampling, its span decides whether its lines are written. */
function features(side: Side, options: InterceptorOptions): CallObserverFactory[] {
  const { logger, log = {}, trace = {}, metrics = {}, payloads = false, force } = options;
  return [
    ...(force === undefined ? [] : [forceObserver(side, force)]),
    ...(trace === false ? [] : [traceObserver(trace)]),
    ...(metrics === false ? [] : [metricsObserver(side, metrics)]),
    ...(log === false ? [] : [logObserver(logger, log)]),
    ...(payloads === false ? [] : [payloadObserver(payloads)]),
  ];
}

const known: readonly (keyof InterceptorOptions)[] = [
  "logger",
  "log",
  "trace",
  "metrics",
  "payloads",
  "force",
  "observers",
  "filter",
  "implicitContext",
];

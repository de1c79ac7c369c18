import type { Interceptor } from "@connectrpc/connect";
import { type ForceOptions, forceObserver } from "./call/force.js";
import { chooseImplicitContext } from "./call/implicit.js";
import { observingClient, observingServer } from "./call/interceptor.js";
import { compileFilter, type MethodFilter } from "./call/method-filter.js";
import { checkKnown } from "./call/options.js";
import { needOurs } from "./call/shared.js";
import type { CallObserverFactory, Side } from "./call/types.js";
import type { Logger, LogOptions } from "./log/index.js";
import { logObserver } from "./log/observer.js";
import type { MetricsOptions } from "./metrics/index.js";
import { metricsObserver } from "./metrics/observer.js";
import type { PayloadLog } from "./payloads/index.js";
import type { TraceOptions } from "./trace/index.js";
import { traceObserver } from "./trace/observer.js";
import { remoteParent } from "./trace/remote-parent.js";
import { type FindParent, localParent } from "./trace/span-parent.js";

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
   * Logs messages while debug is on for their call: `payloadLog()` says which, and how. Fields with `debug_redact` never
   * appear. Default: no messages are logged.
   */
  readonly payloads?: PayloadLog | false;
  /** Who may ask for sampling and debug of one call, by a request header. Servers only: clients leave it unread. Default: nobody. */
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
  const { observers, passes } = resolve("server", options, remoteParent);
  const { force } = options;
  // What forces a call decides its sampling: it goes first.
  return observingServer(force === undefined ? observers : [forceObserver(force), ...observers], passes);
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
  const { observers, passes } = resolve("client", options, localParent);
  return observingClient(observers, passes);
}

/** What both sides have in common, so that a bundle of clients has no code of servers. */
function resolve(side: Side, options: InterceptorOptions, findParent: FindParent) {
  checkKnown(`${side}Interceptor`, options, known);
  const { observers = [], filter, implicitContext } = options;
  if (!Array.isArray(observers) || observers.some((observer) => typeof observer !== "function")) {
    throw new TypeError("observers: expected an array of functions that make an observer for a call");
  }
  const factories = [...features(side, options, findParent), ...observers];
  const passes = compileFilter(filter, "filter");
  if (implicitContext !== undefined) chooseImplicitContext(implicitContext);
  return { observers: factories, passes };
}

/** In this order: a call's span decides whether its lines are written. */
function features(side: Side, options: InterceptorOptions, findParent: FindParent): CallObserverFactory[] {
  const { logger, log = {}, trace = {}, metrics = {}, payloads = false } = options;
  if (payloads !== false)
    needOurs("payloads", payloads, "what payloadLog() returns, as in payloads: payloadLog({})");
  return [
    ...(trace === false ? [] : [traceObserver(trace, findParent)]),
    ...(metrics === false ? [] : [metricsObserver(side, metrics)]),
    ...(log === false ? [] : [logObserver(logger, log)]),
    ...(payloads === false ? [] : [payloads.observe]),
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

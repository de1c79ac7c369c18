import { type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import type { Resource } from "@opentelemetry/resources";
import { guarded } from "../call/fault.js";
import { type Logger, logger as loggerOf } from "../log/index.js";
import { diagLogger } from "./diag-logger.js";
import { envFlag } from "./environment.js";
import { Globals } from "./globals.js";
import { type Metrics, startMetrics } from "./metrics.js";
import { checkTelemetryOptions, diagLevelOf, type TelemetryOptions } from "./options.js";
import { makePropagator } from "./propagators.js";
import { makeResource } from "./resource.js";
import { RunningTelemetry, type Telemetry } from "./running.js";
import { type Spans, startSpans } from "./spans.js";

/**
 * Sets OpenTelemetry up for the process: providers of spans and metrics, propagators, the context manager, and
 * diagnostics that go to the log. What has no exporter stays off. It takes effect before it returns.
 *
 * `OTEL_SDK_DISABLED=true` turns all off but the propagators, as OpenTelemetry specifies it.
 *
 * @returns what to call when the process ends: `shutdown()`
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 * @throws Error when OpenTelemetry is configured already; when `OTEL_PROPAGATORS` names B3, and `propagators` is not given
 *
 * @example
 * const telemetry = configureOpenTelemetry({
 *   service: "chat",
 *   spanExporter: otlpSpans({ url: "http://collector:4318" }),
 *   metricExporter: otlpMetrics({ url: "http://collector:4318" }),
 * });
 * process.once("SIGTERM", async () => {
 *   await telemetry.shutdown();
 *   process.exit(0);
 * });
 */
export function configureOpenTelemetry(options: TelemetryOptions = {}): Telemetry {
  checkTelemetryOptions(options);
  if (running !== undefined) {
    throw new Error(
      "configureOpenTelemetry: OpenTelemetry is configured already; await its shutdown() first",
    );
  }
  const log = () => options.logger ?? loggerOf(ROOT_CONTEXT);
  const globals = new Globals();
  try {
    const telemetry = start(options, globals, log);
    // Last: it replaces a logger that may be there, and nothing can go wrong any more.
    globals.setDiagnostics(diagLogger(log), diagLevelOf(options.diagLevel));
    running = telemetry;
    return telemetry;
  } catch (error) {
    globals.release();
    throw error;
  }
}

let running: Telemetry | undefined;

function start(options: TelemetryOptions, globals: Globals, log: () => Logger): Telemetry {
  const propagator = makePropagator(options.propagators);
  const { spans, metrics } = startSignals(options, errorHandler(options.errorHandler, log));
  const telemetry = new RunningTelemetry(spans, metrics, {
    timeoutMs: options.shutdownTimeoutMs ?? 5000,
    log,
    onStopped: () => {
      globals.release();
      if (running === telemetry) running = undefined;
    },
  });
  try {
    const manager = contextManager(options.contextManager, spans !== undefined || metrics !== undefined);
    if (propagator !== undefined) globals.setPropagator(propagator);
    if (manager !== undefined) globals.setContextManager(manager);
    if (metrics !== undefined) globals.setMeterProvider(metrics.provider);
    if (spans !== undefined) globals.setTracerProvider(spans.provider);
  } catch (error) {
    void telemetry.shutdown();
    throw error;
  }
  return telemetry;
}

function startSignals(
  options: TelemetryOptions,
  onError: (error: Error) => void,
): { spans?: Spans | undefined; metrics?: Metrics | undefined } {
  if (envFlag("OTEL_SDK_DISABLED")) return {};
  let made: Resource | undefined;
  const resource = (): Resource => {
    made ??= makeResource(options);
    return made;
  };
  return { spans: startSpans(options, resource, onError), metrics: startMetrics(options, resource, onError) };
}

/** What the user's own handler throws is no reason to lose the error. */
function errorHandler(handler: TelemetryOptions["errorHandler"], log: () => Logger): (error: Error) => void {
  const logged = (error: Error): void => log().error(error.cause, error.message, { from: "opentelemetry" });
  return handler === undefined ? logged : guarded(handler, "the errorHandler", logged);
}

function contextManager(
  manager: TelemetryOptions["contextManager"],
  isNeeded: boolean,
): ContextManager | undefined {
  if (manager === false || (manager === undefined && !isNeeded)) return undefined;
  if (manager !== undefined) return manager.enable();
  return new AsyncLocalStorageContextManager().enable();
}

import {
  type ContextManager,
  context,
  type DiagLogger,
  DiagLogLevel,
  diag,
  type MeterProvider,
  metrics,
  propagation,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";

/** OpenTelemetry's globals, as far as they are the kit's: it takes none away that others have registered. */
export class Globals {
  private readonly undo: (() => void)[] = [];

  /** Diagnostics take the place of others': those are for one's own eyes. */
  setDiagnostics(logger: DiagLogger, logLevel: DiagLogLevel): void {
    if (logLevel === DiagLogLevel.NONE) return;
    diag.setLogger(logger, { logLevel, suppressOverrideMessage: true });
    this.undo.push(() => diag.disable());
  }

  setContextManager(manager: ContextManager): void {
    this.claim("context manager", context.setGlobalContextManager(manager), () => context.disable());
  }

  setPropagator(propagator: TextMapPropagator): void {
    this.claim("propagator", propagation.setGlobalPropagator(propagator), () => propagation.disable());
  }

  setTracerProvider(provider: TracerProvider): void {
    this.claim("tracer provider", trace.setGlobalTracerProvider(provider), () => trace.disable());
  }

  setMeterProvider(provider: MeterProvider): void {
    this.claim("meter provider", metrics.setGlobalMeterProvider(provider), () => metrics.disable());
  }

  /** Takes back all that was set, the last first. */
  release(): void {
    for (const undo of this.undo.splice(0).reverse()) undo();
  }

  private claim(what: string, done: boolean, undo: () => void): void {
    if (!done) {
      throw new Error(
        `configureOpenTelemetry: a ${what} is registered already, by other code of this process or by another version of @opentelemetry/api`,
      );
    }
    this.undo.push(undo);
  }
}

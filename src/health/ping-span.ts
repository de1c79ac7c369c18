import {
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { errorText } from "../call/error-text.js";
import { reportFault } from "../call/fault.js";
import { scopeName, scopeVersion } from "../call/scope.js";

/** The span of one ping, root of a trace of its own. A tracer that throws is reported, and the ping goes on. */
export class PingSpan {
  /** What the ping runs in. */
  readonly ctx: Context;
  private readonly span: Span;

  constructor(
    private readonly provider: TracerProvider,
    dependency: string,
  ) {
    this.span =
      this.contained(() =>
        provider.getTracer(scopeName, scopeVersion).startSpan(`health.ping.${dependency}`, {}, ROOT_CONTEXT),
      ) ?? trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    this.ctx = trace.setSpan(ROOT_CONTEXT, this.span);
  }

  /** @param error - why the ping failed; undefined when it did not */
  end(error: Error | undefined): void {
    this.contained(() => {
      if (error !== undefined) {
        this.span.recordException(error);
        this.span.setStatus({ code: SpanStatusCode.ERROR, message: errorText(error, maxText) });
      }
      this.span.end();
    });
  }

  private contained<T>(fn: () => T): T | undefined {
    try {
      return fn();
    } catch (error) {
      reportFault(this.provider, "the tracer of health pings", error);
      return undefined;
    }
  }
}

const maxText = 1024;

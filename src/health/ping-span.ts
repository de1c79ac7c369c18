import {
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { errorMessage, exceptionAttributes } from "../call/exception.js";
import { reportFault } from "../call/fault.js";
import { exceptionEvent } from "../call/semconv.js";

/** The span of one ping, root of a trace of its own. A tracer that throws is reported, and the ping goes on. */
export class PingSpan {
  /** What the ping runs in. */
  readonly ctx: Context;
  private readonly span: Span;

  constructor(
    private readonly tracer: Tracer,
    dependency: string,
  ) {
    this.span =
      this.contained(() => tracer.startSpan(`health.ping.${dependency}`, {}, ROOT_CONTEXT)) ??
      trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    this.ctx = trace.setSpan(ROOT_CONTEXT, this.span);
  }

  /** @param error - why the ping failed; undefined when it did not */
  end(error: Error | undefined): void {
    this.contained(() => {
      if (error !== undefined) {
        this.span.addEvent(exceptionEvent, exceptionAttributes(error));
        this.span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
      }
      this.span.end();
    });
  }

  private contained<T>(fn: () => T): T | undefined {
    try {
      return fn();
    } catch (error) {
      reportFault(this.tracer, "the tracer of health pings", error);
      return undefined;
    }
  }
}

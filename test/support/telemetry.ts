import { context, type SpanContext, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { configureOpenTelemetry, type Telemetry, type TelemetryOptions } from "connect-clue/telemetry";
import { onTestFinished } from "vitest";

/** What a shutdown reports of a signal that lost nothing. */
export const nothingLost = { lost: 0, timedOut: false, errors: [] };

/** OpenTelemetry for one test: it is shut down after it. */
export function telemetryOf(options: TelemetryOptions): Telemetry {
  const telemetry = configureOpenTelemetry({ service: "chat", ...options });
  onTestFinished(async () => {
    await telemetry.shutdown();
  });
  return telemetry;
}

/** Makes two spans with the global tracer, one in the other, and ends them. */
export function makeSpans(): readonly [parent: SpanContext, child: SpanContext] {
  const tracer = trace.getTracer("t");
  const parent = tracer.startSpan("parent");
  const attributes = { n: 1, share: 0.5, on: true, list: ["a"] };
  const options = { kind: SpanKind.CLIENT, attributes };
  const child = tracer.startSpan("child", options, trace.setSpan(context.active(), parent));
  child.setStatus({ code: SpanStatusCode.ERROR, message: "broken" });
  child.end();
  parent.end();
  return [parent.spanContext(), child.spanContext()];
}

/** Makes that many spans with the global tracer and ends them. */
export function endSpans(count: number): void {
  const tracer = trace.getTracer("t");
  for (let i = 0; i < count; i++) tracer.startSpan(`span ${i}`).end();
}

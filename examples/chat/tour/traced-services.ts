import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { TraceOptions } from "connect-clue";
import { terminalSpans } from "connect-clue/telemetry";

/**
 * Services of one process that trace as if each had one of its own. A service that is alone in its process calls
 * `configureOpenTelemetry` in place of this.
 */
export class TracedServices {
  private readonly exporter = new InMemorySpanExporter();

  /** How a service of this name traces. */
  trace(service: string): TraceOptions & { readonly tracerProvider: TracerProvider } {
    const { exporter } = this;
    const tracerProvider = new TracerProvider({
      resource: resourceFromAttributes({ "service.name": service }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    return { tracerProvider, propagator: new W3CTraceContextPropagator(), messageSpans: "child" };
  }

  /** The spans of a trace that have ended, as `service: name`, in the order in which they began. */
  spansOf(traceId: string): string[] {
    return this.finished(traceId).map(
      ({ resource, name }) => `${resource.attributes["service.name"]}: ${name}`,
    );
  }

  /** The tree that `terminalSpans` prints of a trace. */
  async treeOf(traceId: string): Promise<string> {
    let tree = "";
    const printer = terminalSpans({ output: { write: (text) => (tree += text) } });
    printer.export(this.finished(traceId), () => {});
    await printer.forceFlush?.();
    return tree;
  }

  private finished(traceId: string) {
    return this.exporter
      .getFinishedSpans()
      .filter((span) => span.spanContext().traceId === traceId)
      .sort(({ startTime: a }, { startTime: b }) => a[0] - b[0] || a[1] - b[1]);
  }
}

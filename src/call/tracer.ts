import { ProxyTracerProvider, type Tracer, type TracerProvider, trace } from "@opentelemetry/api";
import { reportFault } from "./fault.js";
import { scopeName, scopeVersion } from "./scope.js";

/** Gives the kit's tracer of a provider, or of the global one as it is when asked: it may be registered later. */
export function tracerSource(given: TracerProvider | undefined): () => Tracer {
  let provider: TracerProvider | undefined;
  let tracer: Tracer | undefined;
  return () => {
    const present = given ?? trace.getTracerProvider();
    if (tracer === undefined || present !== provider) {
      provider = present;
      tracer = tracerOf(present);
    }
    return tracer;
  };
}

function tracerOf(provider: TracerProvider): Tracer {
  try {
    return provider.getTracer(scopeName, scopeVersion);
  } catch (error) {
    reportFault(provider, "the tracer provider", error);
    return new ProxyTracerProvider().getTracer(scopeName);
  }
}

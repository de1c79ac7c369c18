import { createRequire } from "node:module";
import type { TextMapPropagator } from "@opentelemetry/api";
import * as api from "@opentelemetry/api";
import type {
  MetricExporterLike,
  MetricReaderLike,
  ResourceMetricsLike,
  SpanExporterLike,
} from "./sdk-types.js";

/** The packages that are loaded when they are needed, and what the kit uses of them. */
export interface Peers {
  readonly "@grpc/grpc-js": { readonly Metadata: new () => { set(key: string, value: string): void } };
  readonly "@opentelemetry/api-logs": { readonly logs: object };
  readonly "@opentelemetry/context-async-hooks": typeof import("@opentelemetry/context-async-hooks");
  readonly "@opentelemetry/core": {
    readonly CompositePropagator: new (config: { propagators: TextMapPropagator[] }) => TextMapPropagator;
    readonly W3CBaggagePropagator: new () => TextMapPropagator;
    readonly W3CTraceContextPropagator: new () => TextMapPropagator;
  };
  readonly "@opentelemetry/exporter-metrics-otlp-grpc": MetricExporterModule;
  readonly "@opentelemetry/exporter-metrics-otlp-proto": MetricExporterModule;
  readonly "@opentelemetry/exporter-prometheus": {
    readonly PrometheusExporter: new (config: { preventServerStart: true }) => MetricReaderLike;
    readonly PrometheusSerializer: new (
      prefix?: string,
    ) => { serialize(metrics: ResourceMetricsLike): string };
  };
  readonly "@opentelemetry/exporter-trace-otlp-grpc": SpanExporterModule;
  readonly "@opentelemetry/exporter-trace-otlp-proto": SpanExporterModule;
  readonly "@opentelemetry/propagator-b3": {
    readonly B3Propagator: new (config: { injectEncoding: number }) => TextMapPropagator;
    readonly B3InjectEncoding: { readonly SINGLE_HEADER: number; readonly MULTI_HEADER: number };
  };
  readonly "@opentelemetry/resources": typeof import("@opentelemetry/resources");
  readonly "@opentelemetry/sdk-metrics": typeof import("@opentelemetry/sdk-metrics");
  readonly "@opentelemetry/sdk-trace": typeof import("@opentelemetry/sdk-trace");
  readonly "@sinonjs/fake-timers": typeof import("@sinonjs/fake-timers");
}

interface SpanExporterModule {
  readonly OTLPTraceExporter: new (config: object) => SpanExporterLike;
}

interface MetricExporterModule {
  readonly OTLPMetricExporter: new (config: object) => MetricExporterLike;
}

/**
 * Loads a package that not every user of the kit has. It is done with `require`, so that it takes effect at once.
 *
 * @param name - the package
 * @param neededBy - what needs it, as the error names it: `otlpSpans`
 * @param via - packages through whose eyes it is looked for, each by the one before it, where a package manager shows
 *   a package only to those that depend on it
 * @throws Error naming what needs the package and the line that installs it
 */
export function loadPeer<N extends keyof Peers>(
  name: N,
  neededBy: string,
  via: readonly string[] = [],
): Peers[N] {
  try {
    const require = via.reduce(
      (from, step) => createRequire(from.resolve(step)),
      createRequire(import.meta.url),
    );
    return require(name) as Peers[N];
  } catch (cause) {
    const missing = [...via, name].find((each) => isMissing(cause, each));
    if (missing === undefined) throw cause;
    const install = `npm install ${missing}@${rangeOf(missing)}`;
    throw new Error(`${neededBy} needs ${missing}, which is not installed: ${install}`, { cause });
  }
}

/** Whether it is this package that was not found, not one that it needs in turn. */
function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "MODULE_NOT_FOUND" &&
    error.message.includes(`'${name}'`)
  );
}

/**
 * The line of the SDK that goes with the API that is there: 2.x and 0.2xx want an API before 1.10, in which logs are
 * not part of it, and 3.x and 0.30x one from 1.10 on.
 */
function rangeOf(name: string): string {
  if (name === "@sinonjs/fake-timers") return "15";
  const isThird = "logs" in api;
  const isStable = /\/(core|resources|sdk-|context-|propagator-)/.test(name);
  if (isStable) return isThird ? "3" : "2";
  return isThird ? "0.301" : "0.223";
}

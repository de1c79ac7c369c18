import type { MeterProvider } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import {
  type IMetricReader,
  PeriodicExportingMetricReader,
  MeterProvider as SdkMeterProvider,
} from "@opentelemetry/sdk-metrics";
import { Delivery, deliverMetrics } from "./delivery.js";
import { envNumber } from "./environment.js";
import type { MetricExporterLike, MetricReaderLike } from "./sdk-types.js";
import { type Signal, settle } from "./telemetry-signal.js";

/** The meter provider, and what reads its metrics. */
export interface Metrics extends Signal {
  readonly provider: MeterProvider;
}

/** What metrics are made of. */
export interface MetricSignalOptions {
  readonly metricExporter?: MetricExporterLike;
  readonly metricReaders?: readonly MetricReaderLike[];
  readonly readerIntervalMs?: number;
}

/** Makes the meter provider; nothing where nobody reads metrics. */
export function startMetrics(
  { metricExporter, metricReaders = [], readerIntervalMs }: MetricSignalOptions,
  resource: () => Resource,
  onError: (error: Error) => void,
): Metrics | undefined {
  if (metricExporter === undefined && metricReaders.length === 0) return undefined;
  const delivery = new Delivery("metric point", onError);
  const exportIntervalMillis = readerIntervalMs ?? envNumber("OTEL_METRIC_EXPORT_INTERVAL", 1) ?? 60_000;
  const exportTimeoutMillis = Math.min(
    envNumber("OTEL_METRIC_EXPORT_TIMEOUT", 1) ?? 30_000,
    exportIntervalMillis,
  );
  const readers = [...metricReaders];
  if (metricExporter !== undefined) {
    const exporter = deliverMetrics(metricExporter, delivery);
    readers.push(new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis }));
  }
  const problem = (error: unknown) => delivery.problem(error);
  return {
    provider: new SdkMeterProvider({ resource: resource(), readers: readers as IMetricReader[] }),
    delivery,
    forceFlush: () => settle(readers, (reader) => reader.forceFlush(), problem),
    shutdown: () => settle(readers, (reader) => reader.shutdown(), problem),
  };
}

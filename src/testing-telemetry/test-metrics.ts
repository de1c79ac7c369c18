import type { Attributes, MeterProvider } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  MetricReader,
  MeterProvider as SdkMeterProvider,
} from "@opentelemetry/sdk-metrics";
import { checkChoice } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import { stable } from "../testing/stable-attributes.js";

/** Options of {@link testMetrics}. */
export interface TestMetricsOptions {
  /** Whether values are totals since the beginning, or since the last `collect()`. Default `cumulative`. */
  readonly temporality?: "cumulative" | "delta";
}

/** How metrics are collected. */
export interface CollectOptions {
  /**
   * Whether histograms of durations have their sum: with a {@link fakeClock} it can be compared, else it differs from run
   * to run. Default false.
   */
  readonly durations?: boolean;
}

/** One metric and its values. */
export interface TestMetric {
  readonly type: "counter" | "up_down_counter" | "gauge" | "histogram";
  readonly unit: string;
  /** The values, one for each set of attributes, in the order in which they came to be. */
  readonly points: readonly TestPoint[];
}

/** One value: a number, or of a histogram how many values it was given, and their sum unless that is left out. */
export interface TestPoint {
  /** With `<port>` for a port that the system chose. */
  readonly attributes: Attributes;
  readonly value: number | { readonly count: number; readonly sum?: number };
}

/** A meter provider whose metrics a test reads. */
export interface TestMetrics {
  /** The meter provider, for the interceptors' `metrics` option. */
  readonly options: { readonly meterProvider: MeterProvider };
  /**
   * All metrics that have values, by their names.
   *
   * @throws TypeError for an option that there is not
   * @throws AggregateError when an observable metric's callback fails
   */
  collect(options?: CollectOptions): Promise<Readonly<Record<string, TestMetric>>>;
}

/**
 * Makes a meter provider for a test to read. It registers nothing: metrics are made by whoever is given it.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const metrics = testMetrics();
 * const observe = serverInterceptor({ metrics: metrics.options });
 * …
 * expect(await metrics.collect()).toEqual({ "rpc.server.call.duration": … });
 */
export function testMetrics(options: TestMetricsOptions = {}): TestMetrics {
  checkKnown("testMetrics", options, ["temporality"]);
  checkChoice("testMetrics: temporality", options.temporality, ["cumulative", "delta"]);
  const reader = new OnDemandReader({
    aggregationTemporalitySelector: () => temporalities[options.temporality ?? "cumulative"],
  });
  const meterProvider = new SdkMeterProvider({ readers: [reader] });
  return {
    options: { meterProvider },
    async collect(options: CollectOptions = {}) {
      checkKnown("collect", options, ["durations"]);
      const { durations = false } = options;
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw new AggregateError(errors, "testMetrics: a metric could not be collected");
      const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
      return Object.fromEntries(
        metrics.map((metric) => [metric.descriptor.name, testMetric(metric, durations)]),
      );
    },
  };
}

const temporalities = {
  cumulative: AggregationTemporality.CUMULATIVE,
  delta: AggregationTemporality.DELTA,
} as const;

/** A reader that collects when it is asked. */
class OnDemandReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

function testMetric(metric: MetricData, durations: boolean): TestMetric {
  const { unit } = metric.descriptor;
  const hasSum = durations || !(unit === "s" || unit === "ms");
  const points = metric.dataPoints.map(({ attributes: raw, value }): TestPoint => {
    const attributes = stable(raw);
    if (typeof value === "number") return { attributes, value };
    const { count, sum } = value;
    return { attributes, value: hasSum && sum !== undefined ? { count, sum: rounded(sum) } : { count } };
  });
  return { type: typeOf(metric), unit, points };
}

function typeOf(metric: MetricData): TestMetric["type"] {
  if (metric.dataPointType === DataPointType.GAUGE) return "gauge";
  if (metric.dataPointType !== DataPointType.SUM) return "histogram";
  return metric.isMonotonic ? "counter" : "up_down_counter";
}

/** Without the last bits of a sum of fractions. */
function rounded(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

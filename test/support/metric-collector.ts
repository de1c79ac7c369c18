import type { Attributes } from "@opentelemetry/api";
import { DataPointType, MeterProvider, type MetricData, MetricReader } from "@opentelemetry/sdk-metrics";

/** One value: a number, or the count and the sum of a histogram. */
export type Value = number | { readonly count: number; readonly sum: number };

/** All values of all metrics, by the metric's name, each with its attributes. */
export type Collected = Readonly<Record<string, readonly (readonly [Attributes, Value])[]>>;

/** A meter provider whose metrics a test reads. */
export class MetricCollector extends MetricReader {
  readonly provider: MeterProvider = new MeterProvider({ readers: [this] });

  /** All metrics as they are now. */
  async metrics(): Promise<readonly MetricData[]> {
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0) throw new AggregateError(errors, "the collection failed");
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  }

  /** The values of all metrics as they are now. */
  async values(): Promise<Collected> {
    return Object.fromEntries(
      (await this.metrics()).map((metric) => [metric.descriptor.name, points(metric)]),
    );
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}

function points({ dataPointType, dataPoints }: MetricData): Collected[string] {
  return dataPoints.map(({ attributes, value }): readonly [Attributes, Value] => {
    if (typeof value === "number") return [attributes, value];
    if (dataPointType !== DataPointType.HISTOGRAM) throw new Error("an exponential histogram");
    return [attributes, { count: value.count, sum: rounded(value.sum ?? Number.NaN) }];
  });
}

/** Without the last bits of a sum of fractions. */
function rounded(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { telemetryOf } from "../../test/support/telemetry.js";

describe("metrics", () => {
  it("are read by all readers, beside the exporter", async () => {
    const [metricExporter, other] = [inMemoryMetrics(), inMemoryMetrics()];
    const telemetry = telemetryOf({
      metricExporter,
      metricReaders: [new PeriodicExportingMetricReader({ exporter: other })],
    });
    metrics.getMeter("m").createCounter("hits").add(2);
    await telemetry.forceFlush();
    for (const exporter of [metricExporter, other]) {
      const [collected] = exporter.getMetrics();
      expect(collected?.resource.attributes["service.name"]).toBe("chat");
      expect(collected?.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value).toBe(2);
    }
  });

  it("are exported at an interval", () => {
    const set = vi.spyOn(globalThis, "setInterval");
    onTestFinished(() => set.mockRestore());
    telemetryOf({ metricExporter: inMemoryMetrics(), readerIntervalMs: 1234 });
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([1234]);
  });
});

function inMemoryMetrics(): InMemoryMetricExporter {
  return new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
}

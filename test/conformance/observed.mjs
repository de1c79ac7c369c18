// The interceptor under test with everything on: logs with debug, spans of calls and messages, metrics, payloads. It
// counts what begins and what ends, and writes the counts into a file of its own when the program is done.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { clientInterceptor, createLogger, payloadLog, serverInterceptor } from "connect-clue";

const { CONFORMANCE_REPORTS } = process.env;

/** Whether the kit is on. Without it the program is Connect alone. */
export const observed = CONFORMANCE_REPORTS !== undefined;

const count = { callsStarted: 0, callsEnded: 0, spansStarted: 0, spansEnded: 0, lines: 0 };
let changed = () => {};

/** The interceptors of one side: none, where the kit is off. */
export function interceptors(side) {
  if (!observed) return [];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const make = side === "server" ? serverInterceptor : clientInterceptor;
  const logger = createLogger({ debug: true, format: "json", sink: counterOfLines });
  return [
    make({
      logger,
      log: { access: "always" },
      trace: {
        tracerProvider: new TracerProvider({ spanProcessors: [counter] }),
        propagator: new W3CTraceContextPropagator(),
        messageSpans: "child",
      },
      metrics: { meterProvider: new MeterProvider({ readers: [reader] }) },
      payloads: payloadLog(),
      observers: [countCall],
    }),
  ];
}

/**
 * Writes the counts, when all that has begun has ended. The runner waits five seconds for a program to end: after four
 * the counts are written as they are, and differ.
 */
export async function report(side) {
  if (!observed) return;
  const late = Date.now() + 4000;
  while (
    (count.callsStarted > count.callsEnded || count.spansStarted > count.spansEnded) &&
    Date.now() < late
  ) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 100);
      changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  await reader.forceFlush();
  const file = join(CONFORMANCE_REPORTS, `${side}-${process.pid}.json`);
  writeFileSync(file, JSON.stringify({ ...count, measured: measuredCalls(`rpc.${side}.call.duration`) }));
}

const counterOfLines = {
  write(text) {
    count.lines += text.split("\n").length - 1;
  },
};

const countCall = () => {
  count.callsStarted++;
  return {
    onEnd() {
      count.callsEnded++;
      changed();
    },
  };
};

const counter = {
  onStart() {
    count.spansStarted++;
  },
  onEnd() {
    count.spansEnded++;
    changed();
  },
  async forceFlush() {},
  async shutdown() {},
};

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });

/** How many calls a histogram has counted. */
function measuredCalls(name) {
  const metrics = (exporter.getMetrics().at(-1)?.scopeMetrics ?? []).flatMap((scope) => scope.metrics);
  const points = metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
  return points.reduce((sum, { value }) => sum + value.count, 0);
}

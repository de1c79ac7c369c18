/** Every kind of call, over every transport, going every way: exactly these spans and metrics, on both sides. */
import { type TestSpan, testSpans } from "connect-clue/testing";
import { expect, it } from "vitest";
import { MetricCollector } from "../support/metric-collector.js";
import { cases } from "./cases.js";
import { expectedTelemetry, foreign, type MetricValues } from "./expected-telemetry.js";
import { hasWarmUp, play } from "./scenario.js";

it.each(cases)("$kind, $protocol, http $http: $course", async (cell) => {
  const spans = testSpans();
  const collector = new MetricCollector();
  const telemetry = { trace: spans.options, metrics: { meterProvider: collector.provider } };
  await play(cell, { serverOptions: telemetry, clientOptions: telemetry });
  const spans = seen(spans.started.slice(hasWarmUp(cell) ? 2 : 0)).map(withoutForeignWords);
  expect({ spans, metrics: await valuesOf(collector) }).toEqual(expectedTelemetry(cell));
});

/** What ends a call from outside is told in the words of Connect or Node, which differ by transport. */
function withoutForeignWords(span: TestSpan): TestSpan {
  const outcome = span.attributes["clue.outcome"];
  if ((outcome !== "canceled" && outcome !== "deadline") || span.status === undefined) return span;
  const [type, message] = foreign;
  const words = {
    "exception.type": type,
    "exception.message": message,
    "exception.stacktrace": `${type}: ${message}\n<frames>`,
  };
  const events = span.events?.map(([name, attributes]) => {
    const replaced = Object.keys(attributes).map((key) => [key, words[key as keyof typeof words]]);
    return [name, Object.fromEntries(replaced)] as const;
  });
  return { ...span, status: `error: ${message}`, ...(events && { events }) };
}

/** The values of histograms are times: what they are to be is told by the tests of the metrics. */
async function valuesOf(collector: MetricCollector): Promise<MetricValues> {
  const metrics = Object.entries(await collector.values()).map(([name, points]) => {
    const values = points.map(([attributes, value]) => {
      const port = attributes["server.port"];
      const named = port === undefined ? attributes : { ...attributes, "server.port": portName(port) };
      return [named, typeof value === "number" ? value : value.count];
    });
    return [name, values];
  });
  return Object.fromEntries(metrics);
}

/** Every kind of call, over every transport, going every way: exactly these spans and metrics, on both sides. */
import type { TestSpan } from "connect-clue/testing";
import { testMetrics, testSpans } from "connect-clue/testing-telemetry";
import { expect, it } from "vitest";
import { cases } from "./cases.js";
import { expectedTelemetry, foreign } from "./expected-telemetry.js";
import { play } from "./scenario.js";

it.each(cases)("$kind, $protocol, http $http: $course", async (cell) => {
  const spans = testSpans();
  const metrics = testMetrics();
  const telemetry = { trace: spans.options, metrics: metrics.options };
  await play(cell, { serverOptions: telemetry, clientOptions: telemetry });
  expect({
    spans: spans.all().map(withoutForeignWords),
    metrics: await metrics.collect(),
  }).toEqual(expectedTelemetry(cell));
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

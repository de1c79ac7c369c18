// A collector that takes OTLP as JSON over HTTP, and spans as a plain list for exporters that speak no OTLP.

import { createServer } from "node:http";
import { json } from "node:stream/consumers";

const kinds = ["", "internal", "server", "client", "producer", "consumer"];

/** Starts one on a free port. It gathers spans and metrics until it is closed. */
export async function startCollector() {
  const spans = [];
  const metrics = [];
  const server = createServer(async (request, response) => {
    const body = await json(request);
    if (request.url === "/v1/traces") spans.push(...spansOf(body));
    else if (request.url === "/v1/metrics") metrics.push(...metricsOf(body));
    else if (request.url === "/spans") spans.push(...body);
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, spans, metrics, close: () => server.close() };
}

function spansOf({ resourceSpans }) {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ name, kind, traceId, spanId, parentSpanId = "", startTimeUnixNano }) => ({
        service: serviceOf(resource),
        kind: kinds[kind],
        name,
        scope: scope.name,
        traceId,
        spanId,
        parentSpanId,
        start: Number(startTimeUnixNano) / 1e9,
      })),
    ),
  );
}

function metricsOf({ resourceMetrics }) {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.map(({ name, histogram }) => ({
        service: serviceOf(resource),
        scope: scope.name,
        name,
        counts: histogram?.dataPoints.map(({ attributes, count }) => ({
          attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
          count: Number(count),
        })),
      })),
    ),
  );
}

function serviceOf({ attributes }) {
  return attributes.find(({ key }) => key === "service.name")?.value.stringValue;
}

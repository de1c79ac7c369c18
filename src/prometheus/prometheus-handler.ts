import { diag } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { check } from "../call/check.js";
import { type HttpAnswer, type HttpHandler, handleGets, plainAnswer } from "../call/http-handler.js";
import { checkKnown } from "../call/options.js";
import type { CollectionResultLike, MetricReaderLike } from "../telemetry/sdk-types.js";

/** Options of {@link prometheusHandler}. */
export interface PrometheusOptions {
  /** Where the metrics are. Default `/metrics`. */
  readonly path?: string;
  /** What the name of each metric begins with, before a `_`. Default: nothing. */
  readonly prefix?: string;
}

/** Serves metrics, and is the reader that collects them. */
export interface PrometheusHandler extends HttpHandler, MetricReaderLike {}

/**
 * Lets Prometheus scrape the metrics from a server that is there already: one value that is the handler of `/metrics` and
 * the reader for `metricReaders`.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const prometheus = prometheusHandler();
 * configureOpenTelemetry({ service: "chat", metricReaders: [prometheus] });
 * connectNodeAdapter({ routes, fallback: prometheus });
 */
export function prometheusHandler(options: PrometheusOptions = {}): PrometheusHandler {
  checkKnown("prometheusHandler", options, ["path", "prefix"]);
  const { path = "/metrics", prefix } = options;
  check("prometheusHandler: path", path, "a text that begins with /", isPath);
  check("prometheusHandler: prefix", prefix, "letters, digits and _, no digit first", isMetricName);
  const reader = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer(prefix);
  const handler = handleGets(new Map([[path, () => scrape(reader, serializer)]]));
  return Object.assign(handler, readerMethods(reader));
}

async function scrape(
  reader: MetricReaderLike,
  serializer: { serialize(metrics: CollectionResultLike["resourceMetrics"]): string },
): Promise<HttpAnswer> {
  try {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) diag.error("connect-clue: some metrics could not be collected", ...errors);
    await resourceMetrics.resource.waitForAsyncAttributes?.();
    const body = serializer.serialize(resourceMetrics);
    return { status: 200, headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" }, body };
  } catch (error) {
    diag.error("connect-clue: metrics could not be collected", error);
    return plainAnswer(503, "metrics could not be collected");
  }
}

/** The methods of a reader, for a function to have. */
function readerMethods(reader: MetricReaderLike): MetricReaderLike {
  return {
    setMetricProducer: (producer) => reader.setMetricProducer(producer),
    selectAggregation: (type) => reader.selectAggregation(type),
    selectAggregationTemporality: (type) => reader.selectAggregationTemporality(type),
    selectCardinalityLimit: (type) => reader.selectCardinalityLimit(type),
    collect: (options) => reader.collect(options),
    forceFlush: (options) => reader.forceFlush(options),
    shutdown: (options) => reader.shutdown(options),
  };
}

function isPath(text: unknown): boolean {
  return typeof text === "string" && text.startsWith("/");
}

function isMetricName(text: string): boolean {
  return /^[a-zA-Z_]\w*$/.test(text);
}

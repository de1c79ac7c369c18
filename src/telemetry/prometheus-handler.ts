import { diag } from "@opentelemetry/api";
import { checkKnown } from "../call/options.js";
import { check } from "./check.js";
import { loadPeer } from "./peers.js";
import type { CollectionResultLike, MetricReaderLike } from "./sdk-types.js";

/** Options of {@link prometheusHandler}. */
export interface PrometheusOptions {
  /** Where the metrics are. Default `/metrics`. */
  readonly path?: string;
  /** What the name of each metric begins with, before a `_`. Default: nothing. */
  readonly prefix?: string;
}

/** Serves metrics, and is the reader that collects them. */
export interface PrometheusHandler extends MetricReaderLike {
  /**
   * Answers GET and HEAD at the path. Other paths go to `next`, or without one get a 404.
   *
   * @param request - of `node:http` or `node:http2`
   * @param response - its response
   * @param next - the handler behind this one
   */
  (request: HttpRequest, response: HttpResponse, next?: () => void): void;
}

/** What is read of a request. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** What is done with a response. */
export interface HttpResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(): unknown;
  end(body: string): unknown;
}

/**
 * Lets Prometheus scrape the metrics from a server that is there already: one value that is the handler of `/metrics` and
 * the reader for `metricReaders`.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 * @throws Error when `@opentelemetry/exporter-prometheus` is not installed
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
  const sdk = loadPeer("@opentelemetry/exporter-prometheus", "prometheusHandler");
  const reader = new sdk.PrometheusExporter({ preventServerStart: true });
  const serializer = new sdk.PrometheusSerializer(prefix);
  const handler = (request: HttpRequest, response: HttpResponse, next?: () => void): void => {
    if (request.url?.split("?", 1)[0] !== path) {
      if (next === undefined) answer(response, 404, "not found\n");
      else next();
    } else if (request.method === "HEAD") answer(response, 200);
    else if (request.method === "GET") void scrape(reader, serializer, response);
    else {
      response.setHeader("allow", "GET, HEAD");
      answer(response, 405, "GET or HEAD\n");
    }
  };
  return Object.assign(handler, readerMethods(reader));
}

async function scrape(
  reader: MetricReaderLike,
  serializer: { serialize(metrics: CollectionResultLike["resourceMetrics"]): string },
  response: HttpResponse,
): Promise<void> {
  try {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) diag.error("connect-clue: some metrics could not be collected", ...errors);
    await resourceMetrics.resource.waitForAsyncAttributes?.();
    answer(response, 200, serializer.serialize(resourceMetrics));
  } catch (error) {
    diag.error("connect-clue: metrics could not be collected", error);
    answer(response, 503, "metrics could not be collected\n");
  }
}

/** Where an error has no place: who scrapes is a stranger. */
function answer(response: HttpResponse, status: number, body = ""): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
  response.end(body);
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

import {
  type Attributes,
  type ContextManager,
  DiagLogLevel,
  type TextMapPropagator,
} from "@opentelemetry/api";
import { check, checkChoice, checkFunction, checkMethods, checkMs, hasMethods } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import type { Logger } from "../log/index.js";
import { type BufferSpansOptions, resolveBufferSpans } from "./buffered-spans.js";
import { envChoice } from "./environment.js";
import { checkPropagators, type PropagatorName } from "./propagator-names.js";
import type {
  MetricExporterLike,
  MetricReaderLike,
  ResourceLike,
  SamplerLike,
  SpanExporterLike,
  SpanProcessorLike,
} from "./sdk-types.js";

/** How much of OpenTelemetry's own diagnostics is logged. */
export type DiagLevel = (typeof diagLevels)[number];

const diagLevels = ["none", "error", "warn", "info", "debug", "verbose", "all"] as const;

/**
 * Options of {@link configureOpenTelemetry}. An option wins over the variable of the environment that says the same;
 * an empty variable is as good as none.
 */
export interface TelemetryOptions {
  /**
   * The name of the service. Needed, unless `OTEL_SERVICE_NAME`, `service.name` in `OTEL_RESOURCE_ATTRIBUTES` or the
   * `resource` gives it.
   */
  readonly service?: string;
  /** The version of the service. */
  readonly version?: string;
  /** Where spans go: `otlpSpans()`, `terminalSpans()`. Without it and without `spanProcessors` there are no spans. */
  readonly spanExporter?: SpanExporterLike;
  /** More processors of spans, beside the one of the exporter. */
  readonly spanProcessors?: readonly SpanProcessorLike[];
  /**
   * Which spans are sampled. Default: what `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` say, else
   * `adaptiveSampler({ maxRate: 2, sampleSize: 10 })`.
   */
  readonly sampler?: SamplerLike;
  /** Keeps the spans of unsampled calls until it is known whether the call fails or is slow. Default: not kept. */
  readonly bufferSpans?: BufferSpansOptions;
  /** Where metrics go: `otlpMetrics()`. Without it and without `metricReaders` there are no metrics. */
  readonly metricExporter?: MetricExporterLike;
  /** More readers of metrics, beside the one of the exporter: `prometheusHandler()`. */
  readonly metricReaders?: readonly MetricReaderLike[];
  /** How often metrics are exported, in milliseconds. Default: `OTEL_METRIC_EXPORT_INTERVAL`, else 60,000. */
  readonly readerIntervalMs?: number;
  /**
   * What carries contexts from process to process. Default: what `OTEL_PROPAGATORS` says, else W3C trace context and
   * baggage. An empty array: nothing. B3 comes from `connect-clue/b3`.
   */
  readonly propagators?: readonly (TextMapPropagator | PropagatorName)[];
  /**
   * Keeps the active context for OpenTelemetry. Default: an `AsyncLocalStorageContextManager` where there are spans or
   * metrics. `false`: none, as `implicitContext: false` of the interceptors needs it.
   */
  readonly contextManager?: ContextManager | false;
  /** What all spans and metrics say of where they come from, beside the service. It wins over what is detected. */
  readonly resource?: Attributes | ResourceLike;
  /**
   * Whether the host, the process and a random `service.instance.id` are added to the resource. What may be secret is
   * not: the process' command line and owner, and the machine's id; `resource` can add them. `OTEL_RESOURCE_ATTRIBUTES`
   * is added in any case. Default true.
   */
  readonly detectResource?: boolean;
  /** Hears of each export that failed, and of each flush that did. Default: it is logged. */
  readonly errorHandler?: (error: Error) => void;
  /** Where OpenTelemetry's own diagnostics, and the errors, are logged. Default: the root logger. */
  readonly logger?: Logger;
  /**
   * How much of the diagnostics is logged. Default: `OTEL_LOG_LEVEL`, else `warn`. `none` leaves `diag` alone; any other
   * level replaces a logger that `diag` has, and the shutdown then leaves it without one.
   */
  readonly diagLevel?: DiagLevel;
  /** How long `shutdown` and `forceFlush` take at most, in milliseconds. Default 5000. */
  readonly shutdownTimeoutMs?: number;
}

const optionNames: readonly (keyof TelemetryOptions)[] = [
  "service",
  "version",
  "spanExporter",
  "spanProcessors",
  "sampler",
  "bufferSpans",
  "metricExporter",
  "metricReaders",
  "readerIntervalMs",
  "propagators",
  "contextManager",
  "resource",
  "detectResource",
  "errorHandler",
  "logger",
  "diagLevel",
  "shutdownTimeoutMs",
];

/**
 * Checks the options, but for those whose readers check them.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkTelemetryOptions(options: TelemetryOptions): void {
  checkKnown(where, options, optionNames);
  checkText("service", options.service);
  checkText("version", options.version);
  checkMethods(`${where}: spanExporter`, options.spanExporter, ["export", "shutdown"]);
  if (hasMethods(options.spanExporter, ["selectAggregationTemporality"]))
    throw new TypeError(`${where}: spanExporter: expected an exporter of spans, got one of metrics`);
  checkMethods(`${where}: metricExporter`, options.metricExporter, ["export", "forceFlush", "shutdown"]);
  checkMethods(`${where}: sampler`, options.sampler, ["shouldSample"]);
  checkMethods(`${where}: logger`, options.logger, ["error", "errorf", "warnf", "infof", "with"]);
  if (options.contextManager !== false)
    checkMethods(`${where}: contextManager`, options.contextManager, ["active", "with", "enable"]);
  checkEach("spanProcessors", options.spanProcessors, ["onStart", "onEnd", "forceFlush", "shutdown"]);
  checkEach("metricReaders", options.metricReaders, [
    "setMetricProducer",
    "collect",
    "forceFlush",
    "shutdown",
  ]);
  checkPropagators(`${where}: propagators`, options.propagators);
  checkFlag("detectResource", options.detectResource);
  check(`${where}: resource`, options.resource, "attributes or a resource", (it) => typeof it === "object");
  checkFunction(`${where}: errorHandler`, options.errorHandler);
  checkChoice(`${where}: diagLevel`, options.diagLevel, diagLevels);
  if (options.bufferSpans !== undefined) resolveBufferSpans(options.bufferSpans);
  checkMs(`${where}: readerIntervalMs`, options.readerIntervalMs);
  checkMs(`${where}: shutdownTimeoutMs`, options.shutdownTimeoutMs);
}

/** The level of diagnostics, in OpenTelemetry's terms. */
export function diagLevelOf(option: DiagLevel | undefined): DiagLogLevel {
  const level = option ?? envChoice("OTEL_LOG_LEVEL", diagLevels) ?? "warn";
  return DiagLogLevel[level.toUpperCase() as Uppercase<DiagLevel>];
}

const where = "configureOpenTelemetry";

function checkText(option: string, value: unknown): void {
  check(`${where}: ${option}`, value, "a text", (text) => typeof text === "string" && text !== "");
}

function checkFlag(option: string, value: unknown): void {
  check(`${where}: ${option}`, value, "a boolean", (flag) => typeof flag === "boolean");
}

function checkEach(option: string, list: readonly unknown[] | undefined, methods: readonly string[]): void {
  check(`${where}: ${option}`, list, `an array of objects with ${methods.join(", ")}`, (items) => {
    return Array.isArray(items) && items.every((item) => hasMethods(item, methods));
  });
}

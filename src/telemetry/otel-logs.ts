import type { Context } from "@opentelemetry/api";
import * as api from "@opentelemetry/api";
import { checkMethods } from "../call/check.js";
import { checkKnown } from "../call/options.js";
import type { EntrySink, LogEntry, LogValue, Severity } from "../log/types.js";
import { writingDiagnostics } from "./diag-logger.js";

/** Options of {@link otelLogs}. */
export interface OtelLogsOptions {
  /**
   * Where log records go. Default: the global one of `@opentelemetry/api`, whenever it is registered. Before 1.10 the API has
   * none: give a `LoggerProvider`, or `logs` of `@opentelemetry/api-logs`, which is the global one there.
   */
  readonly loggerProvider?: LoggerProviderLike;
}

/** OpenTelemetry's `LoggerProvider`, by shape. */
export interface LoggerProviderLike {
  getLogger(name: string): OtelLoggerLike;
}

/** OpenTelemetry's `Logger`, by shape. */
export interface OtelLoggerLike {
  emit(record: LogRecordLike): void;
}

/** OpenTelemetry's `LogRecord`, by shape. */
export interface LogRecordLike {
  timestamp?: Date;
  observedTimestamp?: Date;
  severityNumber?: number;
  severityText?: string;
  body?: string;
  attributes?: Record<string, LogAttribute>;
  context?: Context;
}

/** A value of a log record: what JSON has. */
export type LogAttribute =
  | string
  | number
  | boolean
  | null
  | LogAttribute[]
  | { [key: string]: LogAttribute };

/**
 * A sink that hands each line to OpenTelemetry's logs, as a record with its own time, its severity, its message as the
 * body, its fields as attributes, and the span that it was logged in. A nested object stays one; a bigint and a date
 * become text.
 *
 * The kit sets up no `LoggerProvider`. Lines of OpenTelemetry's own diagnostics are left out: a failed export of logs would
 * feed itself.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts; where the API has no logs (before
 *   1.10) and no `loggerProvider` is given
 *
 * @example
 * createLogger({ outputs: [{ sink: otelLogs() }, { sink: { fd: 1 } }] });
 */
export function otelLogs(options: OtelLogsOptions = {}): EntrySink {
  checkKnown("otelLogs", options, ["loggerProvider"]);
  checkMethods("otelLogs: loggerProvider", options.loggerProvider, ["getLogger"]);
  const provider = options.loggerProvider ?? globalLogs();
  return {
    writeEntries(entries) {
      if (writingDiagnostics()) return;
      const logger = provider.getLogger("connect-clue");
      for (const entry of entries) logger.emit(logRecord(entry));
    },
  };
}

/** The API's own logs, which look the global provider up anew each time. Older ones have no such export to import by name. */
function globalLogs(): LoggerProviderLike {
  const logs: LoggerProviderLike | undefined = Reflect.get(api, "logs");
  if (logs !== undefined) return logs;
  throw new TypeError(
    `otelLogs: loggerProvider: needed, as this @opentelemetry/api is older than 1.10 and has no logs: import { logs } from "@opentelemetry/api-logs", and write otelLogs({ loggerProvider: logs })`,
  );
}

function logRecord({ time, severity, ctx, keys, fields }: LogEntry): LogRecordLike {
  const attributes: Record<string, LogAttribute> = {};
  let body: string | undefined;
  for (const [key, value] of fields) {
    if (key === keys.message && typeof value === "string") body = value;
    else if (key !== keys.traceId && key !== keys.spanId) attributes[key] = attribute(value);
  }
  return {
    timestamp: new Date(time),
    observedTimestamp: new Date(),
    severityNumber: severityNumbers[severity],
    severityText: severity,
    ...(body !== undefined && { body }),
    attributes,
    context: ctx,
  };
}

const severityNumbers: Readonly<Record<Severity, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

function attribute(value: LogValue): LogAttribute {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  return "toJSON" in value ? (value.toJSON() as LogAttribute) : value.map(attribute);
}

import { logfmtKey, logfmtText } from "../call/logfmt.js";
import { formatJson, type LogEntry, type LogKeys } from "../log/index.js";

/** A log line as JSON logs have it, parsed. */
export type LogLine = Readonly<Record<string, unknown>>;

/** An entry as JSON logs have it, with all that differs from run to run. */
export function flatLine(entry: LogEntry): LogLine {
  return JSON.parse(formatJson(entry));
}

/**
 * An entry as JSON logs have it; what differs from run to run is replaced by what it is.
 *
 * @param keep - keys whose values stay as they are
 */
export function stableLine(entry: LogEntry, keep: readonly string[] = []): LogLine {
  const stand = standIns(entry.keys);
  const stable = (key: string, value: unknown) =>
    keep.includes(key) ? value : (stand[key]?.(value) ?? value);
  return Object.fromEntries(Object.entries(flatLine(entry)).map(([key, value]) => [key, stable(key, value)]));
}

/** A line as one reads it: what it is, and its fields. Without its time, which says nothing in a test. */
export function lineText(entry: LogEntry): string {
  const { message, severity, time } = entry.keys;
  const { [message]: text, [severity]: level, [time]: _, ...fields } = stableLine(entry);
  const pairs = Object.entries(fields).map(
    ([key, value]) => ` ${logfmtKey(key)}=${logfmtText(textOf(value))}`,
  );
  return `${level}${text === undefined ? "" : ` ${JSON.stringify(text)}`}${pairs.join("")}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

type StandIn = (value: unknown) => unknown;

/** What does not look as it should stays as it is, and so fails the test that reads it. */
function standIns(keys: LogKeys): Readonly<Record<string, StandIn>> {
  const id = matching(/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{16})$/, "<id>");
  return {
    [keys.time]: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "<time>"),
    [keys.requestId]: id,
    [keys.traceId]: id,
    [keys.spanId]: id,
    [keys.duration]: (value) => (typeof value === "number" && value >= 0 ? "<ms>" : value),
    [keys.peer]: (value) => (typeof value === "string" ? value.replace(/:\d+$/, ":<port>") : value),
    [`${keys.error}.stack`]: matching(/^\w*Error\b.*\n +at /s, "<stack>"),
  };
}

function matching(pattern: RegExp, name: string): StandIn {
  return (value) => (typeof value === "string" && pattern.test(value) ? name : value);
}

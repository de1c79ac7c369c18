import { isObject, unexpected } from "../call/options.js";
import type { LogEntry, Severity } from "../log/index.js";
import { type AsymmetricMatcher, equal, isAsymmetric, partsOf, seenAs } from "./equal.js";
import { flatLine } from "./log-line.js";

/** Describes log entries: by the message, a pattern for it, or parts of the line. */
export type LogMatch = string | RegExp | LogParts;

/** Parts of a log line. Those that are left out may be anything; asymmetric matchers may stand for any value. */
export interface LogParts {
  readonly severity?: Severity | AsymmetricMatcher;
  readonly message?: string | RegExp | AsymmetricMatcher;
  /**
   * Some of the fields, by their keys, as JSON logs have them: `"rpc.code"`, `"err.code"`, `to`. A pattern matches a
   * text. A field that is undefined here must not be there.
   */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * Whether a log entry is what was described.
 *
 * @throws TypeError when it is no description
 */
export function logMatches(entry: LogEntry, match: LogMatch): boolean {
  const { severity, message, fields = {} } = logParts(match);
  const line = flatLine(entry);
  return (
    (severity === undefined || equal(entry.severity, severity)) &&
    (message === undefined || equal(line[entry.keys.message], message)) &&
    Object.entries(fields).every(([key, value]) => equal(line[key], value))
  );
}

/** A description by its parts, checked. */
export function logParts(match: LogMatch): LogParts {
  if (typeof match === "string" || match instanceof RegExp) return { message: match };
  if (isAsymmetric(match)) return { message: match };
  const parts = isObject(match) ? Object.keys(match) : [""];
  if (parts.some((part) => !known.includes(part)) || !isObject(match.fields ?? {})) {
    throw unexpected("a log entry", "a message, a RegExp or { severity, message, fields }", match);
  }
  return match;
}

const known = ["severity", "message", "fields"];

/** Of all entries the one that is most like what was described, for an error to show. */
export function nearestEntry(entries: readonly LogEntry[], match: LogMatch): LogEntry | undefined {
  const { severity, message, fields = {} } = logParts(match);
  const likeness = (entry: LogEntry) => {
    const line = flatLine(entry);
    const text = line[entry.keys.message];
    const sameText = equal(text, message) ? 2 : sameStart(text, message);
    return (equal(entry.severity, severity) ? 1 : 0) + sameText + partsOf(line, fields);
  };
  const scores = entries.map(likeness);
  return entries[scores.lastIndexOf(Math.max(...scores))];
}

/** As much of an entry as was described. */
export function seenParts(entry: LogEntry, { severity, message, fields }: LogParts): object {
  const line = flatLine(entry);
  const seen = (key: string, expected: unknown) => [key, seenAs(line[key], expected)];
  return {
    ...(severity !== undefined && { severity: seenAs(entry.severity, severity) }),
    ...(message !== undefined && { message: seenAs(line[entry.keys.message], message) }),
    ...(fields && {
      fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => seen(key, value))),
    }),
  };
}

/** From 0 to 1: which part of the message begins alike. */
function sameStart(actual: unknown, expected: unknown): number {
  if (typeof actual !== "string" || typeof expected !== "string") return 0;
  let same = 0;
  while (same < expected.length && actual[same] === expected[same]) same++;
  return same / (expected.length + 1);
}

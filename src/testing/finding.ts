import { isObject, unexpected } from "../call/options.js";
import type { LogEntry } from "../log/index.js";
import { lastLines } from "./last-lines.js";
import { lineText } from "./log-line.js";
import { type LogMatch, logMatches, logParts, nearestEntry, seenParts } from "./log-match.js";
import { nearestSpan, type SpanMatch, seenSpanParts, spanMatches, spanParts } from "./span-match.js";
import { spanText, spanTree } from "./span-tree.js";
import type { TestLogger } from "./test-logger.js";
import type { TestSpan } from "./test-span.js";

/** What a matcher has to tell of a search. */
export interface Finding {
  readonly what: "log entry" | "span";
  /** The parts that were described. */
  readonly expected: object;
  /** Those that match, a line for each; undefined where none does. */
  readonly found: string | undefined;
  /** The same parts of the one that is most like what was described; undefined where there are none at all. */
  readonly nearest: object | undefined;
  /** All that there are, or the last of them, a line for each. */
  readonly all: string;
}

/**
 * Looks for log entries.
 *
 * @param received - a logger made by `testLogger()`, or its entries
 * @throws TypeError when it is neither
 */
export function findLogged(received: unknown, match: LogMatch): Finding {
  const entries = entriesOf(received);
  const expected = logParts(match);
  const nearest = nearestEntry(entries, expected);
  const found = entries.filter((entry) => logMatches(entry, expected));
  return {
    what: "log entry",
    expected,
    found: found.length === 0 ? undefined : lastLines(found.map(lineText)),
    nearest: nearest && seenParts(nearest, expected),
    all: lastLines(entries.map(lineText)),
  };
}

/**
 * Looks for spans.
 *
 * @param received - a recorder made by `testSpans()`, or the spans that its `all()` gave
 * @throws TypeError when it is neither
 */
export function findSpan(received: unknown, match: SpanMatch): Finding {
  const spans = spansOf(received);
  const expected = spanParts(match);
  const nearest = nearestSpan(spans, expected);
  const found = spans.filter((span) => spanMatches(span, expected, spans));
  return {
    what: "span",
    expected,
    found: found.length === 0 ? undefined : lastLines(found.map(spanText)),
    nearest: nearest && seenSpanParts(nearest, expected, spans),
    all: lastLines(spanTree(spans).split("\n")),
  };
}

function entriesOf(received: unknown): readonly LogEntry[] {
  const entries: unknown =
    isObject(received) && "entries" in received ? (received as TestLogger).entries : received;
  if (isListWith<LogEntry>(entries, "severity")) return entries;
  throw unexpected("toHaveLogged", "a logger made by testLogger(), or its entries", received);
}

function spansOf(received: unknown): readonly TestSpan[] {
  const isRecorder = isObject(received) && "tree" in received && "all" in received;
  const spans: unknown = isRecorder ? (received as { all(): readonly TestSpan[] }).all() : received;
  if (isListWith<TestSpan>(spans, "trace")) return spans;
  throw unexpected("toHaveSpan", "a recorder made by testSpans(), or the spans of its all()", received);
}

function isListWith<T extends object>(list: unknown, key: keyof T): list is readonly T[] {
  return Array.isArray(list) && list.every((item) => isObject(item) && key in item);
}

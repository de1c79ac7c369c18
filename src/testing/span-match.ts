import { isObject, unexpected } from "../call/options.js";
import { type AsymmetricMatcher, equal, isAsymmetric, partsOf, seenAs } from "./equal.js";
import { parentOf } from "./span-tree.js";
import type { TestSpan } from "./test-span.js";

/** Describes spans: by the name, a pattern for it, or parts of the span. */
export type SpanMatch = string | RegExp | SpanParts;

type TextMatch = string | RegExp | AsymmetricMatcher;

/** Parts of a span. Those that are left out may be anything; asymmetric matchers may stand for any value. */
export interface SpanParts {
  readonly name?: TextMatch;
  readonly kind?: TestSpan["kind"] | AsymmetricMatcher;
  /** Some of the attributes. A pattern matches a text. An attribute that is undefined here must not be there. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** `unset`, `ok`, `error`, or `error: description`. */
  readonly status?: TextMatch;
  /** The name of the parent; null for a span without one. */
  readonly parent?: TextMatch | null;
  /** The names of some of its events. */
  readonly events?: readonly TextMatch[];
}

/**
 * Whether a span is what was described.
 *
 * @param spans - all spans: its parent is looked for among them
 * @throws TypeError when it is no description
 */
export function spanMatches(span: TestSpan, match: SpanMatch, spans: readonly TestSpan[]): boolean {
  const { attributes = {}, events = [], ...parts } = spanParts(match);
  const seen = plainParts(span, spans);
  return (
    partsOf(seen, parts) === Object.keys(parts).length &&
    Object.entries(attributes).every(([key, value]) => equal(span.attributes[key], value)) &&
    events.every((event) => eventNames(span).some((name) => equal(name, event)))
  );
}

/** A description by its parts, checked. */
export function spanParts(match: SpanMatch): SpanParts {
  if (typeof match === "string" || match instanceof RegExp || isAsymmetric(match)) return { name: match };
  const parts = isObject(match) ? Object.keys(match) : [""];
  if (parts.some((part) => !known.includes(part))) {
    throw unexpected(
      "a span",
      "a name, a RegExp or { name, kind, attributes, status, parent, events }",
      match,
    );
  }
  return Object.fromEntries(Object.entries(match).filter(([, value]) => value !== undefined));
}

const known = ["name", "kind", "attributes", "status", "parent", "events"];

/** Of all spans the one that is most like what was described, for an error to show. */
export function nearestSpan(spans: readonly TestSpan[], match: SpanMatch): TestSpan | undefined {
  const { attributes = {}, events: _, ...parts } = spanParts(match);
  const scores = spans.map((span) => {
    const sameName = equal(span.name, parts.name) ? 2 : 0;
    return sameName + partsOf(plainParts(span, spans), parts) + partsOf(span.attributes, attributes);
  });
  return spans[scores.lastIndexOf(Math.max(...scores))];
}

/** As much of a span as was described. */
export function seenSpanParts(span: TestSpan, parts: SpanParts, spans: readonly TestSpan[]): object {
  const { attributes, events, ...plain } = parts;
  const seen = plainParts(span, spans);
  const shown = (actual: Readonly<Record<string, unknown>>, expected: object) =>
    Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, seenAs(actual[key], value)]));
  return {
    ...shown(seen, plain),
    ...(attributes && { attributes: shown(span.attributes, attributes) }),
    ...(events && { events: eventNames(span) }),
  };
}

function plainParts(span: TestSpan, spans: readonly TestSpan[]): Readonly<Record<string, unknown>> {
  const parent = spans.find((other) => other.span === parentOf(span));
  const { name, kind, status = "unset" } = span;
  return { name, kind, status, parent: parent?.name ?? span.parent ?? null };
}

function eventNames({ events = [] }: TestSpan): readonly string[] {
  return events.map(([name]) => name);
}

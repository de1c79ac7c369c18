import { type AsymmetricMatcher, isAsymmetric } from "./equal.js";

/** A value as a test wrote it, for an error to show: also what JSON has no form for, and what contains itself. */
export function shown(value: unknown, parents: readonly unknown[] = []): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof RegExp) return String(value);
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (isAsymmetric(value)) return matcherText(value);
  if (parents.includes(value)) return "[circular]";
  const inner = (part: unknown) => shown(part, [...parents, value]);
  if (Array.isArray(value)) return `[${value.map(inner).join(", ")}]`;
  const parts = Object.entries(value).map(([key, part]) => `${keyText(key)}: ${inner(part)}`);
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

/** As test libraries show their matchers: `Any<Number>`, `StringContaining "x"`. Of others there is the name of the class. */
function matcherText(matcher: TestLibraryMatcher): string {
  const { sample } = matcher;
  const name = matcher.constructor?.name ?? "matcher";
  return matcher.toAsymmetricMatcher?.() ?? (sample === undefined ? `[${name}]` : `${name} ${shown(sample)}`);
}

interface TestLibraryMatcher extends AsymmetricMatcher {
  readonly sample?: unknown;
  toAsymmetricMatcher?(): string;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

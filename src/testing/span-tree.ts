import type { TestSpan } from "./test-span.js";

/**
 * Spans as a tree, each line indented under its parent: the name, the kind and what is special about it. A span whose
 * parent is not among them stands at the left and names it.
 */
export function spanTree(spans: readonly TestSpan[]): string {
  const known = new Set(spans.map(({ span }) => span));
  const roots = spans.filter((span) => !known.has(parentOf(span) ?? ""));
  return roots.map((root) => branch(root, spans, "")).join("\n");
}

/** The span that a span belongs under, from this process or another. */
export function parentOf({ parent }: TestSpan): string | undefined {
  return parent?.replace(/^remote /, "");
}

function branch(span: TestSpan, spans: readonly TestSpan[], indent: string): string {
  const children = spans.filter((other) => parentOf(other) === span.span);
  const foreign = indent === "" && span.parent !== undefined ? `, under ${span.parent}` : "";
  const line = `${indent}${spanText(span)}${foreign}`;
  return [line, ...children.map((child) => branch(child, spans, `${indent}  `))].join("\n");
}

/** A span in one line: `chat.v1.ChatService/Say (server) error: not here`. */
export function spanText({ name, kind, status, links = [], sampled, ended }: TestSpan): string {
  const linked = links.map((link) => (typeof link === "string" ? link : link[0]));
  const more = [
    ...(status === undefined ? [] : [` ${status}`]),
    ...(linked.length === 0 ? [] : [`, linked to ${linked.join(" and ")}`]),
    ...(sampled === false ? [", not sampled"] : []),
    ...(ended === false ? [", not ended"] : []),
  ];
  return `${name} (${kind})${more.join("")}`;
}

import type { ReadableSpanLike } from "./sdk-types.js";

/** A span in its place in the tree. */
export interface TreeLine {
  readonly span: ReadableSpanLike;
  /** Whether its parent is none of the spans. */
  readonly isRoot: boolean;
  /** What stands before its name: `│  └─ `. */
  readonly branch: string;
  /** What stands before further lines about it, above those of its children. */
  readonly trunk: string;
}

/** The spans as the lines of a tree: children under their parents, siblings in the order of their starts. */
export function spanTree(spans: readonly ReadableSpanLike[]): readonly TreeLine[] {
  const ordered = [...spans].sort(byStart);
  const children = childrenOf(ordered);
  const ids = new Set(ordered.map(idOf));
  const seen = new Set<ReadableSpanLike>();
  const lines: TreeLine[] = [];
  for (const span of ordered) if (!ids.has(parentOf(span) ?? "")) walk(span, true, "", "");
  // Spans that are each other's parents, which no SDK makes, have no root.
  for (const span of ordered) walk(span, true, "", "");
  return lines;

  function walk(span: ReadableSpanLike, isRoot: boolean, branch: string, below: string): void {
    if (seen.has(span)) return;
    seen.add(span);
    const own = (children.get(idOf(span)) ?? []).filter((child) => !seen.has(child));
    lines.push({ span, isRoot, branch, trunk: below + (own.length > 0 ? "│  " : "   ") });
    const deeper = below.length < maxIndent;
    own.forEach((child, i) => {
      const isLast = i === own.length - 1;
      walk(child, false, below + (isLast ? "└─ " : "├─ "), deeper ? below + (isLast ? "   " : "│  ") : below);
    });
  }
}

function childrenOf(spans: readonly ReadableSpanLike[]): ReadonlyMap<string, readonly ReadableSpanLike[]> {
  const children = new Map<string, ReadableSpanLike[]>();
  for (const span of spans) {
    const parent = parentOf(span) ?? "";
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  return children;
}

function idOf(span: ReadableSpanLike): string {
  return span.spanContext().spanId;
}

function parentOf(span: ReadableSpanLike): string | undefined {
  return span.parentSpanContext?.spanId;
}

function byStart({ startTime: a }: ReadableSpanLike, { startTime: b }: ReadableSpanLike): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** Deeper spans stand no further to the right, in characters. */
const maxIndent = 30;

/** A function on the stack. */
export interface Frame {
  readonly name: string;
  /** A path or a URL; empty for what has none. */
  readonly file: string;
  /** Where it begins, from 1; 0 when that is not known. */
  readonly line: number;
}

/** What was measured with one stack. */
export interface StackSample {
  /** The innermost function first. */
  readonly stack: readonly Frame[];
  readonly value: number;
}

/** How much of what was measured belongs to a function. */
export interface FunctionShare extends Frame {
  /** In the function itself. */
  readonly self: number;
  /** In the function and in what it calls. */
  readonly total: number;
}

/** What was measured, by function. */
export interface Summary {
  readonly total: number;
  /** Those with the most in themselves first. */
  readonly functions: readonly FunctionShare[];
}

/** Sums samples up by function. A function that calls itself counts once. */
export function sumUp(samples: Iterable<StackSample>): Summary {
  const shares = new Map<string, { frame: Frame; self: number; total: number }>();
  let total = 0;
  for (const { stack, value } of samples) {
    total += value;
    const seen = new Set<string>();
    stack.forEach((frame, depth) => {
      const key = `${frame.name}\0${frame.file}\0${frame.line}`;
      const share = shares.get(key) ?? { frame, self: 0, total: 0 };
      shares.set(key, share);
      if (depth === 0) share.self += value;
      if (!seen.has(key)) share.total += value;
      seen.add(key);
    });
  }
  const functions = [...shares.values()].map(({ frame, self, total }) => ({ ...frame, self, total }));
  return { total, functions: functions.sort((a, b) => b.self - a.self || b.total - a.total) };
}

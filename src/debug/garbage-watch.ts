import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from "node:perf_hooks";

/** Collections of one kind. Durations are in milliseconds. */
export interface Collections {
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
}

/** Counts the garbage collections from now on. It does not keep the process alive. */
export class GarbageWatch {
  private readonly byKind = new Map<string, Collections>();
  private readonly observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) this.add(entry);
  });

  constructor() {
    this.observer.observe({ entryTypes: ["gc"] });
  }

  /** By kind: `minor`, `major`, `incremental`, `weak_callbacks`. Kinds that did not occur are left out. */
  get collections(): ReadonlyMap<string, Collections> {
    return this.byKind;
  }

  private add({ duration, detail }: PerformanceEntry & { readonly detail?: NodeGCPerformanceDetail }): void {
    const kind = kinds[detail?.kind ?? 0] ?? "other";
    const { count, totalMs, longestMs } = this.byKind.get(kind) ?? none;
    this.byKind.set(kind, {
      count: count + 1,
      totalMs: totalMs + duration,
      longestMs: Math.max(longestMs, duration),
    });
  }
}

const none: Collections = { count: 0, totalMs: 0, longestMs: 0 };

const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weak_callbacks",
};

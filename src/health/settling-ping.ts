import type { Dependency } from "./types.js";

/**
 * Calls the ping of a dependency, unless too many earlier ones have never settled: each of them holds memory until it does,
 * whatever became of its deadline. One a minute is let through, and in exchange the oldest is forgotten: without that,
 * nobody would find out that the dependency is well again.
 */
export class SettlingPing {
  private readonly unsettled = new Set<AbortSignal>();
  private startedAt = 0;

  constructor(private readonly dependency: Dependency) {}

  /** @throws what the ping throws, or that earlier ones have not ended */
  readonly start = async (signal: AbortSignal): Promise<unknown> => {
    this.makeRoom();
    this.startedAt = performance.now();
    this.unsettled.add(signal);
    try {
      return await this.dependency.ping(signal);
    } finally {
      this.unsettled.delete(signal);
    }
  };

  private makeRoom(): void {
    const [oldest] = this.unsettled;
    if (oldest === undefined || this.unsettled.size < maxUnsettled) return;
    if (performance.now() - this.startedAt < retryMs) {
      throw new Error(`${maxUnsettled} earlier pings have not ended yet`);
    }
    this.unsettled.delete(oldest);
  }
}

const maxUnsettled = 8;
const retryMs = 60_000;

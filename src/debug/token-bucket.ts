/** Lets a burst pass, and then as many as come in by and by. */
export class TokenBucket {
  private level: number;
  private filledAt: number;

  constructor(
    private readonly capacity: number,
    private readonly perSecond: number,
  ) {
    this.level = capacity;
    this.filledAt = performance.now();
  }

  /** Takes one out, if there is one. */
  take(): boolean {
    const now = performance.now();
    this.level = Math.min(this.capacity, this.level + ((now - this.filledAt) / 1000) * this.perSecond);
    this.filledAt = now;
    if (this.level < 1) return false;
    this.level--;
    return true;
  }
}

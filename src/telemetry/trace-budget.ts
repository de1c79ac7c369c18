/**
 * How many traces may be sampled, and so how probable the next one is. It is an account: time pays in `maxRate` a
 * second, a sampled trace takes out one. As long as it is not overdrawn, all are sampled; overdrawn by b, a trace is
 * sampled with the probability e^(-b/k), where k is such that an overdraft of `sampleSize` means 1 in 100.
 *
 * Why so:
 * - Rate: in any time T, whatever comes, at most `maxRate * T` traces are sampled, and a full account, and the
 *   overdraft. Under a load above `maxRate` the account does not fill up, so that nothing that is paid in is lost, and
 *   the long-run mean is `maxRate`.
 * - Bursts: of N calls at once the n-th beyond the balance is sampled with about k / (k + n): k ln(1 + N/k) overdraw it.
 * - Steps: under a steady load the rate q of sampled traces obeys dq/dt = q (maxRate - q) / k, which is logistic. Let an
 *   adjustment be the time in which `maxRate` gives `sampleSize` traces. A step up of any height is absorbed to 10 %
 *   within half an adjustment, a step down to a 10^d-th within (d + 1) / 2 of them.
 * - Floor: who chooses the randomness of traces has them sampled however small the probability is. It ends at 2^-40:
 *   then an overdraft is 28 k at most, which six adjustments pay back, or 28 traces' worth of time where k is 1.
 * - Counts: the probability of a trace depends on what came before it and never on the trace, and is never 0. So the sum
 *   of 1/p over the sampled ones is right on average, for any load, at any time.
 */
export class TraceBudget {
  private readonly full: number;
  private readonly softness: number;
  private readonly floor: number;
  private balance: number;
  private lastMs: number | undefined;

  /**
   * @param maxRate - traces a second
   * @param sampleSize - how many traces a full account has, unless `maxRate` is more
   */
  constructor(
    private readonly maxRate: number,
    sampleSize: number,
  ) {
    // The traces of one second are not too many, however close together they come.
    this.full = Math.max(sampleSize, maxRate);
    // The k above. One trace alone divides the probability by e at most: more would make it jump about.
    this.softness = Math.max(sampleSize / Math.log(100), 1);
    this.floor = -this.softness * Math.log(1 / leastProbability);
    this.balance = this.full;
  }

  /** The probability of a trace that begins now: at least 2^-40, at most 1. */
  probability(nowMs: number): number {
    const elapsedMs = Math.max(nowMs - (this.lastMs ?? nowMs), 0);
    this.lastMs = nowMs;
    this.balance = Math.min(this.balance + (elapsedMs / 1000) * this.maxRate, this.full);
    return this.balance >= 0 ? 1 : Math.exp(this.balance / this.softness);
  }

  /** A trace was sampled. */
  spend(): void {
    this.balance = Math.max(this.balance - 1, this.floor);
  }
}

/** What no load comes down to by itself: only traces that are sampled against the odds overdraw the account so far. */
const leastProbability = 2 ** -40;

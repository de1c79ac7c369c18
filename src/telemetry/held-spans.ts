import type { ReadableSpanLike, SpanProcessorLike } from "./sdk-types.js";

/**
 * All spans that are held back, in the order in which they ended. Over the limit the oldest go first, whichever call
 * they belong to.
 */
export class SpanLedger {
  private count = 0;
  private oldest: HeldSpan | undefined;
  private newest: HeldSpan | undefined;

  /** @param limit - how many spans the whole process holds back */
  constructor(private readonly limit: number) {}

  add(held: HeldSpan): void {
    held.older = this.newest;
    if (this.newest === undefined) this.oldest = held;
    else this.newest.newer = held;
    this.newest = held;
    this.count++;
    if (this.count > this.limit) this.dropOldest();
  }

  remove({ older, newer }: HeldSpan): void {
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    this.count--;
  }

  /** Gives up all spans. */
  clear(): void {
    while (this.oldest !== undefined) this.dropOldest();
  }

  /** The oldest span of all is the oldest one of its call, too. */
  private dropOldest(): void {
    this.oldest?.buffer.dropOldest();
  }
}

/** The spans that are held back for one call, oldest first. When there are too many, the oldest go and are counted. */
export class SpanBuffer {
  private spans: HeldSpan[] = [];
  private dropped = 0;

  /**
   * @param limit - how many spans one call holds back
   * @param next - where a span goes that is given up: unsampled, as it is
   */
  constructor(
    private readonly ledger: SpanLedger,
    private readonly limit: number,
    private readonly next: SpanProcessorLike,
  ) {}

  push(span: ReadableSpanLike): void {
    if (this.spans.length >= this.limit) this.dropOldest();
    const held = { span, buffer: this, older: undefined, newer: undefined };
    this.spans.push(held);
    this.ledger.add(held);
  }

  /** Gives up the oldest span. */
  dropOldest(): void {
    const held = this.spans.shift();
    if (held === undefined) return;
    this.ledger.remove(held);
    this.dropped++;
    this.next.onEnd(held.span);
  }

  /** Hands over all spans and is empty afterwards. */
  take(): ReadableSpanLike[] {
    const { spans } = this;
    this.spans = [];
    for (const held of spans) this.ledger.remove(held);
    return spans.map(({ span }) => span);
  }

  /** How many spans were given up since the last time that it was asked. */
  takeDropped(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }
}

/** One span in the ledger. */
interface HeldSpan {
  readonly span: ReadableSpanLike;
  readonly buffer: SpanBuffer;
  older: HeldSpan | undefined;
  newer: HeldSpan | undefined;
}

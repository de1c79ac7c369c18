import { LineBuffer } from "./buffer.js";
import type { LoggerCore } from "./core.js";
import type { Line } from "./line.js";
import type { BoundLogger } from "./logger.js";

/** The lines that are written or forgotten together: those of a call and of the client calls made for it. */
export class LogScope {
  readonly buffer: LineBuffer;
  /** An error was logged, and no message has begun a new story since. */
  afterError = false;
  /** `stopBuffering()` was called. */
  stopped = false;
  /** The call is over: what is still logged for it can wait for nothing. */
  ended = false;
  private started = false;

  constructor(
    private readonly core: LoggerCore,
    /** The call that owns the scope. */
    readonly owner: { readonly logger: BoundLogger; startLine(): Line | undefined },
  ) {
    this.buffer = new LineBuffer(core.limits);
  }

  get writesThrough(): boolean {
    return this.afterError || this.stopped || this.ended;
  }

  /**
   * Writes what is held back, and then this line. Buffering goes on.
   *
   * @returns how many lines that were
   */
  flush(line?: Line): number {
    const lines = this.held();
    if (line !== undefined) lines.push(line);
    this.core.write(lines);
    return lines.length;
  }

  /** Writes the start line now, unless it has been written. */
  writeStart(): void {
    this.core.write(this.start());
  }

  /** The call is over. Its start is of no interest to lines that still come. */
  end(): void {
    this.ended = true;
    this.started = true;
  }

  /** The start line if it is still owed, what was dropped, and the lines. Nothing when there is nothing but the start. */
  private held(): Line[] {
    const { dropped } = this.buffer;
    const lines = this.buffer.take();
    const fresh = this.withoutStale(lines);
    const start = this.start();
    const freshStart = this.withoutStale(start);
    const lost = dropped + lines.length - fresh.length + start.length - freshStart.length;
    return [...freshStart, ...(lost > 0 ? [this.notice(lost, fresh[0])] : []), ...fresh];
  }

  private start(): Line[] {
    if (this.started) return [];
    this.started = true;
    const line = this.owner.startLine();
    return line === undefined ? [] : [line];
  }

  /** Some stores refuse lines that come late. */
  private withoutStale(lines: Line[]): Line[] {
    const { maxAgeMs } = this.core;
    if (maxAgeMs === Number.POSITIVE_INFINITY) return lines;
    const oldest = Date.now() - maxAgeMs;
    return lines.filter((line) => line.time >= oldest);
  }

  private notice(lost: number, next: Line | undefined): Line {
    const fields = { [this.core.keys.dropped]: lost };
    return this.core.record(this.owner.logger, {
      severity: "warn",
      message: "log lines dropped",
      fields,
      time: next?.time,
    });
  }
}

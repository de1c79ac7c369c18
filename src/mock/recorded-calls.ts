import type { DescMethod } from "@bufbuild/protobuf";
import { Awaited, type WaitingOptions, waitingMs } from "./awaited.js";
import { checkCount } from "./check-count.js";
import { numbered } from "./numbered.js";
import type { Recording } from "./recorded-call.js";

/** The calls that a mock has answered, in the order in which they began. */
export class RecordedCalls {
  private readonly recordings: Recording[] = [];
  private readonly awaited = new Awaited();

  add(call: Recording): void {
    this.recordings.push(call);
    this.awaited.changed();
  }

  /** @param method - only the calls of this one */
  list(method?: DescMethod): Recording[] {
    return this.recordings.filter((call) => method === undefined || call.method === method);
  }

  /**
   * Waits for a call.
   *
   * @param count - the how-manieth call of the method, counted from 1
   */
  async nth(method: DescMethod, count: number, options?: WaitingOptions): Promise<Recording> {
    checkCount("called: count", count);
    const what = `called("${method.localName}", ${count})`;
    const timeoutMs = waitingMs(what, options);
    return this.awaited.until(
      () => this.list(method)[count - 1],
      timeoutMs,
      () => `${what}: not within ${timeoutMs} ms; ${this.summary()}`,
    );
  }

  private summary(): string {
    if (this.recordings.length === 0) return "no calls so far";
    return `calls so far:${numbered(this.recordings.map(String))}`;
  }
}

import type { DescMethod } from "@bufbuild/protobuf";
import { Changes } from "./changes.js";
import { checkCount } from "./check-count.js";
import type { Recording } from "./recorded-call.js";

/** The calls that a mock has answered, in the order in which they began. */
export class RecordedCalls {
  private readonly recordings: Recording[] = [];
  private readonly changes = new Changes();

  add(call: Recording): void {
    this.recordings.push(call);
    this.changes.tell();
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
  async nth(method: DescMethod, count: number): Promise<Recording> {
    checkCount("called: count", count);
    for (;;) {
      const call = this.list(method)[count - 1];
      if (call !== undefined) return call;
      await this.changes.next();
    }
  }
}

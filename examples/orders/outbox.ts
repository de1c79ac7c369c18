/** A stream of requests for a client to send: each goes out when it is pushed. */
export class Outbox<T> implements AsyncIterable<T> {
  private readonly messages: T[] = [];
  private isEnded = false;
  private wake = () => {};

  push(message: T): void {
    this.messages.push(message);
    this.wake();
  }

  /** There will be no more messages. */
  end(): void {
    this.isEnded = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const next = this.messages.shift();
      if (next !== undefined) yield next;
      else if (this.isEnded) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

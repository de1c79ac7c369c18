/** The messages of a call that a test sends when it likes, and a handler reads when it likes. */
export class Requests<T> {
  private readonly queue: Sent<T>[] = [];
  private isEnded = false;
  private isOver = false;
  private reason: unknown;
  private wake: () => void = () => {};

  /** Sends a message; resolves when it was asked for, or never will be. Rejects after {@link end}. */
  send(message: T): Promise<void> {
    if (this.isEnded) {
      return Promise.reject(new Error("testCall: send() after end(): no more messages were to come"));
    }
    if (this.isOver) return Promise.resolve();
    return new Promise((taken) => {
      this.queue.push({ message, taken });
      this.wake();
    });
  }

  /** No more messages come. */
  end(): void {
    this.isEnded = true;
    this.wake();
  }

  /** The call is over: who still reads is told the reason. */
  close(reason: unknown): void {
    this.isOver = true;
    this.reason = reason;
    for (const { taken } of this.queue.splice(0)) taken();
    this.wake();
  }

  /** The messages as the transport reads them. A generator, since Connect looks for `throw` when a call is cancelled. */
  async *read(): AsyncGenerator<T> {
    for (;;) {
      const next = this.queue.shift();
      if (this.isOver) throw this.reason;
      if (next !== undefined) {
        next.taken();
        yield next.message;
      } else if (this.isEnded) return;
      else await this.change();
    }
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

interface Sent<T> {
  readonly message: T;
  readonly taken: () => void;
}

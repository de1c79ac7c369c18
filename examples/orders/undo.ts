import type { CallOptions } from "@connectrpc/connect";
import { type ContextLike, callOptions, logger } from "connect-clue";

/** What has been done for an order, and how each of it is undone. */
export class Undo {
  private readonly steps: Step[] = [];

  /** @param ctx - the context of the call or of the message that the order came with */
  constructor(private readonly ctx: ContextLike) {}

  /**
   * Remembers how something is undone.
   *
   * @param name - what the log calls it
   * @param act - is given the options for the calls that it makes
   */
  add(name: string, act: (options: CallOptions) => Promise<unknown>): void {
    this.steps.push({ name, act });
  }

  /** Undoes all of it, the latest first. What fails is logged, and the rest goes on. */
  async all(): Promise<void> {
    for (const { name, act } of this.steps.reverse()) {
      try {
        await act(detached(this.ctx));
      } catch (error) {
        logger(this.ctx).error(error, "could not undo", { step: name });
      }
    }
  }
}

interface Step {
  readonly name: string;
  readonly act: (options: CallOptions) => Promise<unknown>;
}

/** In the trace and the log of the order, and without its signal and its deadline: its client may have gone. */
function detached(ctx: ContextLike): CallOptions {
  const { signal: _, ...options } = callOptions(ctx);
  return { ...options, timeoutMs: 5000 };
}

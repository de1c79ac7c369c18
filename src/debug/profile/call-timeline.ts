import { type AsyncHook, createHook } from "node:async_hooks";
import type { Context } from "@opentelemetry/api";
import { callOf } from "../../call/call.js";
import { activeContext } from "../../call/implicit.js";
import { watchContexts } from "../../call/watch-contexts.js";

/**
 * Notes which RPC method the process works for, and since when, so that samples that were taken meanwhile can be told
 * apart. It costs while it runs, and nothing else.
 */
export class CallTimeline {
  /** Whether there was more than can be kept: what comes after that is not told. */
  isFull = false;
  private readonly originUs = clockOriginUs();
  private readonly paths: (string | undefined)[] = [undefined];
  private readonly indexes = new Map<string | undefined, number>([[undefined, 0]]);
  private readonly blocks: Block[] = [];
  private used = blockSize;
  private current = 0;
  private readonly hook: AsyncHook = createHook({ before: () => this.note(activeContext()) });

  constructor() {
    this.hook.enable();
    watchContexts((ctx) => this.note(ctx));
  }

  stop(): void {
    this.hook.disable();
    watchContexts(undefined);
  }

  /**
   * Reads what was noted, from the beginning on.
   *
   * @returns tells the method at a time in microseconds, on the machine's monotonic clock, or undefined where there was
   *   none; to be asked in the order of time
   */
  reader(): (timeUs: number) => string | undefined {
    let next = 0;
    let path = 0;
    return (timeUs) => {
      const time = (timeUs - this.originUs) / 1000;
      for (; next < this.length; next++) {
        const block = this.blocks[Math.floor(next / blockSize)];
        if (block === undefined || (block.times[next % blockSize] ?? 0) > time) break;
        path = block.paths[next % blockSize] ?? 0;
      }
      return this.paths[path];
    };
  }

  private get length(): number {
    return this.blocks.length * blockSize - blockSize + this.used;
  }

  private note(ctx: Context): void {
    const path = this.indexOf(callOf(ctx)?.path);
    if (path === this.current || this.isFull) return;
    this.current = path;
    if (this.used === blockSize) this.grow();
    const block = this.blocks[this.blocks.length - 1];
    if (block === undefined) return;
    block.times[this.used] = performance.now();
    block.paths[this.used] = this.isFull ? 0 : path;
    this.used++;
  }

  private indexOf(path: string | undefined): number {
    const known = this.indexes.get(path);
    if (known !== undefined) return known;
    if (this.paths.length > mostPaths) return 0;
    this.indexes.set(path, this.paths.length);
    return this.paths.push(path) - 1;
  }

  private grow(): void {
    this.blocks.push({ times: new Float64Array(blockSize), paths: new Uint16Array(blockSize) });
    this.used = 0;
    this.isFull = this.blocks.length > mostBlocks;
  }
}

/** When the method changed, and to which one. */
interface Block {
  readonly times: Float64Array;
  readonly paths: Uint16Array;
}

/** Together 4 million changes, in 40 MB. */
const blockSize = 2 ** 16;
const mostBlocks = 64;
const mostPaths = 2 ** 16 - 1;

/**
 * Where `performance.now()` has its zero on the machine's monotonic clock, in microseconds. Of some tries, the one with
 * the least delay between the two readings is right: the first ones can take longer than a handler.
 */
function clockOriginUs(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const now = performance.now();
    least = Math.min(least, Number(process.hrtime.bigint()) / 1000 - now * 1000);
  }
  return least;
}

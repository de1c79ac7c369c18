import { setImmediate } from "node:timers/promises";
import { real } from "../../src/mock/real-time.js";

/** How many turns of the event loop are looked at one by one. */
const eagerTurns = 200;

/**
 * Waits for a condition that no event tells of. It looks in every turn of the event loop at first, and then every millisecond:
 * what takes long is the work of others, who need the processor.
 *
 * @throws Error when the condition does not come true in `timeoutMs`: it names the condition
 */
export async function until(condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (let turn = 0; !condition(); turn++) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    if (turn < eagerTurns) await setImmediate();
    else await new Promise((resolve) => real.setTimeout(resolve, 1));
  }
}

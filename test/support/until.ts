/**
 * Waits for a condition that no event tells of, looking once in every turn of the event loop.
 *
 * @throws Error when the condition does not come true in `timeoutMs`: it names the condition
 */
export async function until(condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

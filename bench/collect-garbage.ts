/**
 * Collects all garbage. Not between samples that are to be compared: V8 forgets the shapes of objects of which none
 * is left, throws away the code that was optimized for them, and the next sample measures the interpreter.
 *
 * @throws Error without `--expose-gc`
 */
export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("start node with --expose-gc");
  globalThis.gc();
}

const exitHooks: (() => void)[] = [];
const crashHooks: ((error: unknown) => void)[] = [];

/**
 * Calls `fn` when the process exits; what was registered last is called first, as what it needs was there before.
 *
 * @param fn - must not wait for anything; what it throws is dropped
 */
export function onProcessExit(fn: () => void): void {
  if (exitHooks.length === 0) process.on("exit", () => callAll(exitHooks, undefined));
  exitHooks.unshift(fn);
}

/**
 * Calls `fn` when an error is about to end the process. Node's monitor event is for watching only: whether and
 * how the process dies stays what it was.
 *
 * @param fn - must not wait for anything; what it throws is dropped
 * @returns true: a crash will be reported
 */
export function onCrash(fn: (error: unknown) => void): boolean {
  if (crashHooks.length === 0) {
    process.on("uncaughtExceptionMonitor", (error: unknown) => callAll(crashHooks, error));
  }
  crashHooks.unshift(fn);
  return true;
}

function callAll<T>(hooks: readonly ((value: T) => void)[], value: T): void {
  for (const hook of [...hooks]) {
    try {
      hook(value);
    } catch {
      // The process is dying of something else: that must stay what its owner sees.
    }
  }
}

/**
 * Where a logger's method was called, as `dir/file.ts:42`.
 *
 * @param emit - the function that the logger's method called: the caller is two frames above it
 * @returns undefined where the runtime tells no stack
 */
export function callerLocation(emit: (...args: never[]) => unknown): string | undefined {
  if (typeof Error.captureStackTrace !== "function") return undefined;
  const holder: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 2;
  try {
    Error.captureStackTrace(holder, emit);
    // The stack is made when it is read, by whatever the program has put there to make it.
    holder.stack = String(holder.stack);
  } catch {
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  const match = /([^/\\(\s]+[/\\])?([^/\\(\s]+):(\d+):\d+\)?$/.exec(holder.stack);
  return match === null ? undefined : `${match[1] ?? ""}${match[2]}:${match[3]}`;
}

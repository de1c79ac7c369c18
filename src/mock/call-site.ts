/**
 * Where a function was called, as `test/orders.test.ts:42:8`; undefined where the runtime does not tell.
 *
 * @param above - the function: it, and what it has called, is passed over
 */
export function callSite(above: (...args: never) => unknown): string | undefined {
  if (typeof Error.captureStackTrace !== "function") return undefined;
  try {
    // What others have set may know the sources that code was made of; but it may also give no text.
    return firstPlace(stackOf(above)) ?? asWritten(() => firstPlace(stackOf(above)));
  } catch {
    return undefined;
  }
}

/**
 * The place that a line of a stack names; undefined for those of the runtime and of evaluated code.
 *
 * @param line - as V8 writes it: `    at Orders.place (file:///home/ann/orders.ts:42:8)`
 * @param here - the directory of the process: a path below it is written as relative
 */
export function placeIn(line: string, here: string): string | undefined {
  // Folders and functions may have parentheses in their names: the place begins where a path or a URL does.
  const place =
    /^\s*at .*?\((?=[/\\]|[a-z][a-z\d+.-]*:)(.+)\)$/i.exec(line) ?? /^\s*at (?:async )?(.+)$/.exec(line);
  const [, source, position] = /^(.+?)(:\d+:\d+)$/.exec(place?.[1] ?? "") ?? [];
  if (source === undefined || /^node:|^<|\(eval at |\), <anonymous>$/.test(source)) return undefined;
  return `${below(here, pathOf(source))}${position}`;
}

function stackOf(above: (...args: never) => unknown): unknown {
  const { stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  // Not by assignment: it may be frozen.
  Reflect.set(Error, "stackTraceLimit", 10);
  try {
    Error.captureStackTrace(holder, above);
    return holder.stack;
  } finally {
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  }
}

/** Acts while stacks are written as V8 does it itself. */
function asWritten<T>(act: () => T): T {
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  Reflect.deleteProperty(Error, "prepareStackTrace");
  try {
    return act();
  } finally {
    if (before !== undefined) Reflect.defineProperty(Error, "prepareStackTrace", before);
  }
}

function firstPlace(stack: unknown): string | undefined {
  if (typeof stack !== "string") return undefined;
  const here = typeof process === "object" ? process.cwd() : "";
  for (const line of stack.split("\n")) {
    const place = placeIn(line, here);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** The path of a source, with slashes on Windows, too. */
function pathOf(source: string): string {
  if (!source.startsWith("file://")) return withSlashes(source);
  const path = decodeURIComponent(new URL(source).pathname);
  return path.replace(/^\/(?=[a-z]:)/i, "");
}

function below(here: string, path: string): string {
  const folder = `${withSlashes(here).replace(/\/$/, "")}/`;
  return here !== "" && path.startsWith(folder) ? path.slice(folder.length) : path;
}

/** Elsewhere a backslash is a character as any other. */
function withSlashes(path: string): string {
  return /^[a-z]:\\/i.test(path) ? path.replaceAll("\\", "/") : path;
}

/**
 * Where a method of a mock was called, as `test/orders.test.ts:42:8`; undefined where the runtime tells no stack.
 *
 * @param method - the method that was called
 * @param mock - the mock: methods of its own class that led there are passed over, as a generated `addSay` is
 */
export function callSite(method: (...args: never) => unknown, mock: object): string | undefined {
  if (typeof Error.captureStackTrace !== "function") return undefined;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, method);
  const frames = String(holder.stack).split("\n").slice(1);
  const own = `at ${mock.constructor.name}.`;
  const frame = frames.find((line) => !line.trimStart().startsWith(own));
  const place = /\(?([^()\s][^()]*:\d+:\d+)\)?$/.exec(frame ?? "")?.[1];
  return place && fromHere(place.replace(/^at /, ""));
}

/** A path below the directory of the process as people write it. */
function fromHere(place: string): string {
  const path = place.replace(/^file:\/\//, "");
  const here = typeof process === "object" ? `${process.cwd()}/` : "";
  return here !== "" && path.startsWith(here) ? path.slice(here.length) : path;
}

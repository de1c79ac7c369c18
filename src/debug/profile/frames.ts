import type { Runtime } from "node:inspector";
import { fileURLToPath } from "node:url";

/** Where a function is, as V8 names it: its URL, and line and column of its parameters, counted from 0. */
export type Frame = Runtime.CallFrame;

/** The path of a script: of a `file:` URL the path, of anything else what V8 calls it. */
export function pathOf(url: string): string {
  if (!url.startsWith("file:")) return url;
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

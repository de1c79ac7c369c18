import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./built.js";

/** A fenced block of code in a Markdown file. */
export interface DocBlock {
  /** The first word behind the fence: `ts`. */
  readonly language: string;
  /** The rest of that line; empty for most blocks. */
  readonly name: string;
  readonly code: string;
  /** Where its first line stands, as in `README.md:12`. */
  readonly place: string;
}

/**
 * The fenced blocks of a Markdown file, in order.
 *
 * @param file - its path, from the root
 */
export function docBlocks(file: string): DocBlock[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^```(\w+)[ ]*(.*)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language = "", 2: name = "", 3: code = "", index }) => ({
      language,
      name,
      code,
      place: `${file}:${text.slice(0, index).split("\n").length + 1}`,
    }),
  );
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageGroups } from "./groups.js";

/**
 * The entry points and programs of connect-clue that the files of a folder name. Packages and hidden folders are
 * not read.
 *
 * @returns keys of {@link packageGroups}
 */
export function usedEntries(folder: string): Set<string> {
  const used = new Set<string>();
  for (const file of sourcesIn(folder)) {
    for (const entry of entriesIn(readFileSync(file, "utf8"))) used.add(entry);
  }
  return used;
}

function* sourcesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry;
    if (name === "node_modules" || name.startsWith(".")) continue;
    if (entry.isDirectory()) yield* sourcesIn(join(folder, name));
    else if (entry.isFile() && isSource.test(name)) yield join(folder, name);
  }
}

const isSource = /\.[cm]?[jt]sx?$|^buf.*\.yaml$/;

function* entriesIn(text: string): Generator<string> {
  for (const [, entry = ""] of text.matchAll(/["'`]connect-clue\/([\w-]+)["'`]/g)) {
    if (entry in packageGroups) yield entry;
  }
  if (text.includes("protoc-gen-clue-mock")) yield "protoc-gen-clue-mock";
}

import { readFileSync } from "node:fs";

/**
 * The install commands of the docs, by the line of packages that each block is named for; all blocks of a line count.
 *
 * @param {string} path - of a page, from the root
 * @returns {Map<string, string[]>} what stands after `npm install`, by the line's name
 */
export function docCommands(path) {
  const commands = new Map();
  for (const [, names, code] of readFileSync(path, "utf8").matchAll(/^```sh ([^\n]+)\n(.*?)^```/gms)) {
    const [, specs] = /^npm install (.*)$/s.exec(code.replaceAll("\\\n", " ").trim()) ?? [];
    if (specs === undefined)
      throw new Error(`${path}: expected one npm install in the block "${names}", got ${code}`);
    for (const name of names.split(" "))
      commands.set(name, [...(commands.get(name) ?? []), ...specs.split(/\s+/)]);
  }
  return commands;
}

/**
 * A block of code of the docs.
 *
 * @param {string} path - of a page, from the root
 * @param {RegExp} pattern - matches the line that begins the block
 */
export function docCode(path, pattern) {
  const text = readFileSync(path, "utf8");
  const block = [...text.matchAll(/^```([^\n]+)\n(.*?)^```/gms)].find(([, info]) => pattern.test(info));
  if (block === undefined) throw new Error(`${path}: there is no block ${pattern}`);
  return block[2];
}

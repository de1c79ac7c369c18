import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Versions } from "./lines.js";

/**
 * The versions of packages, as code in a folder would get them.
 *
 * @param names - the packages; those that are not installed are missing in the result
 */
export function installedVersions(folder: string, names: Iterable<string>): Versions {
  const require = createRequire(join(folder, "any.js"));
  const versions = new Map<string, string>();
  for (const name of names) {
    const version = versionOf(require, name);
    if (version !== undefined) versions.set(name, version);
  }
  return versions;
}

/**
 * Where the copies of a package are that code in a folder, or in its packages, can get.
 *
 * @returns real paths, sorted
 */
export function copiesOf(folder: string, name: string): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const roots = createRequire(join(folder, "any.js")).resolve.paths("any") ?? [];
  for (const root of roots) visitModules(root, seen, (path) => addCopy(found, join(path, name)));
  return [...found].sort();
}

/** Not by `require`: `exports` of most packages hide their package.json. */
function versionOf(require: NodeJS.Require, name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    const manifest = manifestIn(join(folder, name));
    if (manifest?.version !== undefined) return manifest.version;
  }
  // With Yarn's Plug'n'Play there are no such folders.
  return process.versions.pnp === undefined ? undefined : versionByResolving(require, name);
}

function versionByResolving(require: NodeJS.Require, name: string): string | undefined {
  try {
    for (let path = require.resolve(name); path !== dirname(path); path = dirname(path)) {
      const manifest = manifestIn(dirname(path));
      if (manifest?.name === name) return manifest.version;
    }
  } catch {
    // It is not installed.
  }
  return undefined;
}

/** What a package.json says; undefined where there is none. */
function manifestIn(folder: string): { readonly name?: string; readonly version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return undefined;
  }
}

function addCopy(found: Set<string>, path: string): void {
  if (existsSync(join(path, "package.json"))) found.add(realpathSync(path));
}

/** Visits a node_modules folder and those below it: of packages, and of pnpm's store. */
function visitModules(path: string, seen: Set<string>, visit: (path: string) => void): void {
  if (!existsSync(path) || seen.has(realpathSync(path))) return;
  seen.add(realpathSync(path));
  visit(path);
  for (const name of foldersIn(path)) {
    const inner = name === ".pnpm" ? foldersIn(join(path, name)).map((each) => join(name, each)) : [name];
    const packages = name.startsWith("@")
      ? foldersIn(join(path, name)).map((each) => join(name, each))
      : inner;
    for (const each of packages) visitModules(join(path, each, "node_modules"), seen, visit);
  }
}

/** Without links: what they lead to is visited where it is. */
function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

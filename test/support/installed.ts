/** Versions of the installed packages: the suite runs with several lines of them (`npm run test:versions`). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./built.js";

/**
 * Version of an installed package, such as `2.17.0`.
 *
 * @param name - of a package in the project's own `node_modules`
 * @throws Error when it is not installed
 */
export function installedVersion(name: string): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(join(root, "node_modules", name, "package.json"), "utf8"),
  );
  return manifest.version;
}

/**
 * Whether an installed package is of the version `major.minor`, or later.
 *
 * @example
 * ```ts
 * const extension = isInstalled("@bufbuild/protoplugin", 2, 15) ? ".js" : "";
 * ```
 */
export function isInstalled(name: string, major: number, minor: number): boolean {
  const [installedMajor = 0, installedMinor = 0] = installedVersion(name).split(".").map(Number);
  return installedMajor > major || (installedMajor === major && installedMinor >= minor);
}

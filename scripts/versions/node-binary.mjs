import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The environment in which `node` and `npm` run on a major version of Node: this process's own where it is of that
 * version, else one with the binary of the npm package `node`, which is installed in a folder.
 *
 * @param {number} major
 * @param {string} folder where binaries are installed, each once
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentOf(major, folder) {
  if (process.versions.node.startsWith(`${major}.`)) return process.env;
  const place = join(folder, `${major}`);
  const bin = join(place, "node_modules", "node", "bin");
  if (!existsSync(bin)) {
    mkdirSync(place, { recursive: true });
    const flags = ["--no-save", "--no-audit", "--no-fund", "--prefix", place];
    execFileSync("npm", ["install", ...flags, `node@${major}`], { cwd: place, stdio: "inherit" });
  }
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
}

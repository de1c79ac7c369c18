import { execFileSync } from "node:child_process";
import { join } from "node:path";

/**
 * Packs this project as it is published. npm builds it before that.
 *
 * @param {string} into folder for the tarball
 * @param {{ readonly isBuilt?: boolean }} [options] `isBuilt`: dist is up to date, and is packed as it is
 * @returns {string} the path of the tarball
 * @throws Error with npm's output
 */
export function pack(into, { isBuilt = false } = {}) {
  const flags = ["--json", "--pack-destination", into, ...(isBuilt ? ["--ignore-scripts"] : [])];
  const packed = execFileSync("npm", ["pack", ...flags], {
    cwd: new URL("../..", import.meta.url),
    encoding: "utf8",
  });
  // Scripts that npm runs while it packs may have written to standard output, too.
  const [{ filename }] = JSON.parse(packed.slice(packed.search(/^\[$/m)));
  return join(into, filename);
}

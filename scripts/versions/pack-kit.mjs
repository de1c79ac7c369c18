import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Kit
 * @property {string} tarball what users install
 * @property {string} generated folder with the code that is generated for the example's schema
 */

/**
 * Packs this project as it is published. npm builds it before that.
 *
 * @param {string} work folder for the results
 * @returns {Kit}
 */
export function packKit(work) {
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", work], { encoding: "utf8" });
  // Scripts that npm runs while it packs may have written to standard output, too.
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf("[\n")));
  const generated = join(work, "generated");
  mkdirSync(generated);
  cpSync("dist/examples/chat/gen", generated, { recursive: true });
  return { tarball: join(work, filename), generated };
}

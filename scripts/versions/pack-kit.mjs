import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pack } from "../support/pack.mjs";

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
  const tarball = pack(work);
  const generated = join(work, "generated");
  mkdirSync(generated);
  cpSync("dist/examples/chat/gen", generated, { recursive: true });
  return { tarball, generated };
}

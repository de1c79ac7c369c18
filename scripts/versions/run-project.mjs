import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { environmentOf } from "./node-binary.mjs";

/**
 * @typedef {object} ProjectResult
 * @property {import("./lanes.mjs").Project | import("./lanes.mjs").Script} project
 * @property {string} [error] what failed; undefined when all went well
 * @property {number} seconds
 * @property {string} date when it ended: `2026-11-28`
 */

/**
 * Installs the packed kit and a project's packages in a copy of the project's folder, and runs its script `test`.
 *
 * @param {import("./lanes.mjs").Project} project
 * @param {import("./pack-kit.mjs").Kit} kit
 * @param {string} work folder for the copy and for Node's binaries
 * @returns {ProjectResult}
 */
export function runProject(project, kit, work) {
  const copy = join(work, project.name);
  return timed(project, () => {
    cpSync(join("test", "projects", project.folder), copy, { recursive: true });
    cpSync(kit.generated, join(copy, "gen"), { recursive: true });
    const env = environmentOf(project.node, work);
    const run = (...args) => execFileSync("npm", args, { cwd: copy, env, stdio: "inherit" });
    const packages = Object.entries(project.versions).map(([name, version]) => `${name}@${version}`);
    run("install", "--no-audit", "--no-fund", "--strict-peer-deps", kit.tarball, ...packages);
    run("test");
    rmSync(copy, { recursive: true });
  });
}

/**
 * Runs a script of this project that installs packages by itself.
 *
 * @param {import("./lanes.mjs").Script} script
 * @param {string} work folder for Node's binaries
 * @returns {ProjectResult}
 */
export function runScript(script, work) {
  return timed(script, () => {
    execFileSync("node", script.command, { env: environmentOf(script.node, work), stdio: "inherit" });
  });
}

function timed(project, run) {
  console.log(`\n== ${project.name}`);
  const started = performance.now();
  let error;
  try {
    run();
  } catch (caught) {
    error = caught instanceof Error ? caught.message : String(caught);
    console.error(`${project.name}: ${error}`);
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  return { project, error, seconds, date: new Date().toISOString().slice(0, 10) };
}

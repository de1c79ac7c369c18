import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readReport } from "../test-report.mjs";
import { environmentOf } from "./node-binary.mjs";

/**
 * @typedef {object} LaneResult
 * @property {import("./lanes.mjs").Lane} lane
 * @property {Readonly<Record<string, string>>} versions of `node` and of the installed devDependencies; none if that failed
 * @property {number} passed
 * @property {number} failed at least 1 when the installation or the run failed
 * @property {number} skipped
 * @property {number} seconds
 * @property {string} date when it ended: `2026-11-28`
 */

/**
 * Runs the whole suite in a copy of the project, with the packages and on the Node of a lane. The report of Vitest is
 * copied to `.report/<lane>.json`.
 *
 * @param {import("./lanes.mjs").Lane} lane
 * @param {string} work folder for the copy and for Node's binaries
 * @param {readonly string[]} filters names of test files, as Vitest takes them; all files where there are none
 * @returns {LaneResult}
 */
export function runLane(lane, work, filters) {
  const copy = join(work, lane.name);
  const report = join(".report", `${lane.name}.json`);
  const started = performance.now();
  rmSync(report, { force: true });
  let versions = {};
  let status = null;
  try {
    copyProject(copy, lane);
    const env = environmentOf(lane.node, work);
    execFileSync("npm", [isLocked(lane) ? "ci" : "install", "--no-audit", "--no-fund"], {
      cwd: copy,
      env,
      stdio: "inherit",
    });
    versions = {
      node: execFileSync("node", ["-p", "process.versions.node"], { env, encoding: "utf8" }).trim(),
      ...installedIn(copy),
    };
    ({ status } = spawnSync("npm", ["test", "--", ...filters], { cwd: copy, env, stdio: "inherit" }));
    mkdirSync(".report", { recursive: true });
    cpSync(join(copy, ".report", "vitest.json"), report);
  } catch (error) {
    console.error(`${lane.name}: ${error instanceof Error ? error.message : error}`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const { passed, failed, skipped } = readReport(report);
  return {
    lane,
    versions,
    passed,
    // A run can fail without a test that fails: by an unhandled rejection between two tests, for instance.
    failed: status === 0 ? failed : Math.max(failed, 1),
    skipped: skipped.length,
    seconds: Math.round((performance.now() - started) / 1000),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Where the lane has the versions that are locked, the lock file is copied, too. */
function copyProject(copy, lane) {
  const left = new Set([
    ".git",
    "node_modules",
    "dist",
    ".report",
    ...(isLocked(lane) ? [] : ["package-lock.json"]),
  ]);
  cpSync(process.cwd(), copy, { recursive: true, filter: (path) => !left.has(basename(path)) });
  const manifest = readManifest(copy);
  const wanted = Object.entries({ ...manifest.devDependencies, ...lane.versions });
  manifest.devDependencies = Object.fromEntries(wanted.filter(([, version]) => version !== null));
  writeFileSync(join(copy, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function isLocked({ versions }) {
  return Object.keys(versions).length === 0;
}

function installedIn(copy) {
  const names = Object.keys(readManifest(copy).devDependencies);
  return Object.fromEntries(
    names.map((name) => [name, readManifest(join(copy, "node_modules", name)).version]),
  );
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

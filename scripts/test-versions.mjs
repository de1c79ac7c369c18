// Runs the suite on all lines of packages and Node versions that are supported, and small projects that use the package
// with other tools. Prints tables. Results are kept in .report/versions.json, and once there is one for every lane and
// project, docs/compatibility.md is written. It installs packages, and takes long.
//
// npm run test:versions                                         all
// npm run test:versions -- --only today24 --only typescript     some lanes and projects, by name
// npm run test:versions -- --only today24 src/log               some test files of a lane

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { lanes, projects, scripts } from "./versions/lanes.mjs";
import { packKit } from "./versions/pack-kit.mjs";
import { runLane } from "./versions/run-lane.mjs";
import { runProject, runScript } from "./versions/run-project.mjs";
import { lanesTable, projectsTable } from "./versions/tables.mjs";

const { values, positionals: filters } = parseArgs({
  options: { only: { type: "string", multiple: true } },
  allowPositionals: true,
});
const known = [...lanes, ...projects, ...scripts].map(({ name }) => name);
const asked = values.only ?? known;
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`test-versions: unknown ${unknown.join(", ")}; known: ${known.join(", ")}`);
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), "versions-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

const laneResults = wanted(lanes).map((lane) => runLane(lane, work, filters));
// Scripts need what is built when the package is packed.
const kit = wanted([...projects, ...scripts]).length > 0 ? packKit(work) : undefined;
const projectResults = [
  ...wanted(projects).map((project) => runProject(project, kit, work)),
  ...wanted(scripts).map((script) => runScript(script, work)),
];

const tables = [lanesTable(laneResults), projectsTable(projectResults)];
console.log(`\n${tables.filter((table) => table !== "").join("\n\n")}`);
if (filters.length === 0) keepResults();
const isFine =
  laneResults.every(({ failed }) => failed === 0) && projectResults.every(({ error }) => error === undefined);
process.exitCode = isFine ? 0 : 1;

function wanted(all) {
  return all.filter(({ name }) => asked.includes(name));
}

/** Adds the results to those of earlier runs. When none is missing, they go into the page on compatibility. */
function keepResults() {
  const path = ".report/versions.json";
  const kept = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  for (const result of laneResults) kept[result.lane.name] = result;
  for (const result of projectResults) kept[result.project.name] = result;
  mkdirSync(".report", { recursive: true });
  writeFileSync(path, JSON.stringify(kept));
  if (known.some((name) => kept[name] === undefined)) return;
  const resultsOf = (all) => all.map(({ name }) => kept[name]);
  writeCompatibility([lanesTable(resultsOf(lanes)), projectsTable(resultsOf([...projects, ...scripts]))]);
}

/** Replaces the tables between the page's marks, and keeps its text. */
function writeCompatibility([lanesPart, projectsPart]) {
  const path = "docs/compatibility.md";
  const put = (page, mark, table) => {
    const [before, , after] = page.split(new RegExp(`(?<=<!-- ${mark} -->\n)([^]*?)(?=\n<!-- end -->)`));
    return before + table + after;
  };
  writeFileSync(path, put(put(readFileSync(path, "utf8"), "lanes", lanesPart), "projects", projectsPart));
}

// The set-ups of OpenTelemetry that people already have: each in a project of its own, with the package from its tarball,
// a server and a client in two processes, and a collector here. All that arrives must be exactly what
// test/setups/setups.mjs says: one trace, right parents, nothing twice.
//
// `npm run test:setups`; with `--only name`, `--line name`, `--node /path/of/node`, `--keep`. It installs packages.

import { cpSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { setups } from "../test/setups/setups.mjs";
import { lines } from "./support/lines.mjs";
import { observe } from "./support/observe-setup.mjs";
import { pack } from "./support/pack.mjs";
import { install, tempFolder, versionOf } from "./support/temp-project.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    line: { type: "string" },
    node: { type: "string", default: process.execPath },
    keep: { type: "boolean", default: false },
  },
});
process.exitCode = await main();

async function main() {
  const node = resolve(options.node);
  const { version, major } = await versionOf(node);
  const chosen = setups.filter(
    ({ name, line }) =>
      lines[line].isFor(major) &&
      (options.only === undefined || name === options.only) &&
      (options.line === undefined || line === options.line),
  );
  if (chosen.length === 0) throw new Error(`no set-up for Node ${version} and what --only and --line say`);
  const folder = tempFolder("setups");
  try {
    const tarball = pack(folder);
    const rows = [];
    for (const setup of chosen) {
      const problems = await test(setup, join(folder, `${setup.line}-${setup.name}`), tarball, node);
      rows.push({
        node: version,
        line: setup.line,
        "set-up": setup.name,
        result: problems === "" ? "ok" : "FAILED",
      });
      console.log(`${setup.line} ${setup.name}: ${problems === "" ? "ok" : `FAILED\n${problems}`}`);
    }
    console.table(rows);
    return rows.some(({ result }) => result !== "ok") ? 1 : 0;
  } finally {
    if (options.keep) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns what is wrong, as text; empty when all is well */
async function test(setup, folder, tarball, node) {
  cpSync(join(root, "test/setups"), folder, { recursive: true });
  cpSync(join(root, "dist/examples/chat/gen"), join(folder, "gen"), { recursive: true });
  try {
    await install(
      folder,
      { ...lines[setup.line].packages, ...setup.packages, "connect-clue": `file:${tarball}` },
      node,
    );
  } catch (error) {
    return `does not install: ${error.stderr ?? error}`;
  }
  const got = await observe(setup, folder, node);
  return Object.entries(setup.expected)
    .filter(([name, value]) => !isDeepStrictEqual(got[name], value))
    .map(
      ([name, value]) =>
        `  ${name}: expected ${JSON.stringify(value, null, 2)}\n  got ${JSON.stringify(got[name], null, 2)}`,
    )
    .join("\n");
}

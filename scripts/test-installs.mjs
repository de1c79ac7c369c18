// Installs the packed package as the docs say, for each line of packages that suits Node, compiles, serves and calls.
//
//   node scripts/test-installs.mjs [--only LINE] [--node BINARY] [--npm BINARY] [--matrix] [--count N]
//
// --only     one line: today, sdk-trace-node or node20
// --node     the Node to use (default: this one); npm runs on it, too
// --npm      the npm to use (default: the first on the PATH)
// --matrix   in place of that, resolves subsets of the packages in many orders, without installing them
// --count    how many of them for each line (default: 12)
//
// It needs the registry, and dist/ as `npm run build` makes it. Exit code 1 when a line fails.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { lines, testLine } from "./installs/line.mjs";
import { testMatrix } from "./installs/matrix.mjs";
import { pack } from "./support/pack.mjs";

const root = resolve(import.meta.dirname, "..");
process.chdir(root);

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    node: { type: "string", default: process.execPath },
    npm: { type: "string", default: "npm" },
    matrix: { type: "boolean", default: false },
    count: { type: "string", default: "12" },
  },
});
if (values.only !== undefined && !Object.hasOwn(lines, values.only)) {
  console.error(`test-installs: --only: expected ${Object.keys(lines).join(", ")}, got ${values.only}`);
  process.exit(2);
}

const node = resolve(values.node);
const version = execFileSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
const major = Number.parseInt(version, 10);
const names = Object.keys(lines).filter((name) => name === (values.only ?? name) && lines[name](major));
if (names.length === 0) console.log(`skipped: ${values.only} is not for Node ${version}`);

const folder = mkdtempSync(join(tmpdir(), "packed-"));
try {
  const tarball = pack(folder, { isBuilt: true });
  for (const name of names) await report(name, tarball);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function report(name, tarball) {
  const begin = performance.now();
  const options = { root, node, npm: values.npm, name, tarball };
  try {
    const result = values.matrix
      ? await testMatrix({ ...options, count: Number(values.count), seed: major })
      : await testLine(options);
    const seconds = Math.round((performance.now() - begin) / 1000);
    const counts =
      result === undefined
        ? ""
        : `, ${result.total} installs, ${result.foreign} impossible without connect-clue, too`;
    console.log(`ok: ${name} on Node ${version}${counts} (${seconds} s)`);
  } catch (error) {
    console.error(`failed: ${name} on Node ${version}: ${error.message}`);
    process.exitCode = 1;
  }
}

// Small projects in temporary folders, with the package installed from the tarball that users get.

import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Makes a temporary folder. */
export function tempFolder(name) {
  return mkdtempSync(join(tmpdir(), `connect-clue-${name}-`));
}

/**
 * Makes a folder a project: a package.json with these exact versions, installed under the given Node.
 *
 * @param node - the path of the Node binary
 * @throws Error with npm's output, when it does not install
 */
export async function install(folder, dependencies, node) {
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  // npm runs with the Node that it finds first: engines are checked for that one.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  await run("npm", ["install", "--no-audit", "--no-fund", "--engine-strict"], { cwd: folder, env });
}

/** The version of a Node binary: `{ version: "24.21.0", major: 24 }`. */
export async function versionOf(node) {
  const { stdout } = await run(node, ["-p", "process.versions.node"]);
  const version = stdout.trim();
  return { version, major: Number.parseInt(version, 10) };
}

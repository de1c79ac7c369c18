import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** Runs a command with a Node of its choice first on the PATH, and gives back its exit code and what it wrote. */
export function runWith(node, cwd, command, ...args) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  // What npm itself sets for this script would steer the npm that is called here.
  for (const name of Object.keys(env))
    if (/^npm_/i.test(name) && name !== "npm_config_cache") delete env[name];
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  if (error) throw error;
  return { status, output: `${stdout}${stderr}` };
}

/** As {@link runWith}, for commands that have to succeed. */
export function succeedWith(node, cwd, command, ...args) {
  const { status, output } = runWith(node, cwd, command, ...args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${output}`);
  return output;
}

/** Does something with an empty project, which is deleted after it. */
export async function withProject(work) {
  const folder = mkdtempSync(join(tmpdir(), "install-"));
  writeFileSync(join(folder, "package.json"), '{ "name": "app", "private": true, "type": "module" }\n');
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

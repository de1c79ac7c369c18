import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** Vitest's global set-up: brings `dist/` up to date for the tests that run what users run. After an install it is. */
export function setup(): void {
  if (isStale()) runNode("scripts/build.mjs");
}

/**
 * Runs the compiler on a project.
 *
 * @param project - path of its tsconfig, from the root
 * @throws Error with what the compiler says
 */
export function compile(project: string): void {
  runNode(createRequire(import.meta.url).resolve("typescript/bin/tsc"), "-p", project);
}

function runNode(...args: string[]): void {
  try {
    execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

function isStale(): boolean {
  const built = modified(join(root, "dist/src/index.js"));
  return ["src", "gen", "examples", "bench", "test/children"].some((dir) => youngest(dir) > built);
}

function youngest(dir: string): number {
  const files = readdirSync(join(root, dir), { recursive: true, withFileTypes: true });
  const sources = files.filter((file) => file.name.endsWith(".ts") && !file.name.endsWith(".test.ts"));
  return Math.max(...sources.map((file) => modified(join(file.parentPath, file.name))));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

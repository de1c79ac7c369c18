import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Makes sure that `dist/` is what the sources say, for tests that run what users run. After an install it is. Test
 * files run side by side: one of them builds then, and the others wait.
 *
 * @throws Error with what the compiler says
 */
export async function ensureBuilt(): Promise<void> {
  mkdirSync(join(root, ".report"), { recursive: true });
  while (isStale()) {
    if (!lock()) {
      await delay(100);
      continue;
    }
    try {
      compile("tsconfig.build.json");
    } finally {
      rmSync(lockPath, { recursive: true, force: true });
    }
  }
}

/**
 * Runs the compiler on a project.
 *
 * @param project - path of its tsconfig, from the root
 * @throws Error with what the compiler says
 */
export function compile(project: string): void {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", project], { cwd: root, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    throw new Error(`${project} does not compile:\n${(error as { stdout?: string }).stdout}`, {
      cause: error,
    });
  }
}

const lockPath = join(root, ".report/build.lock");
const lockLifeMs = 60_000;

/** A lock as old as this is of a run that was killed. */
function lock(): boolean {
  if (modified(lockPath) < Date.now() - lockLifeMs) rmSync(lockPath, { recursive: true, force: true });
  try {
    mkdirSync(lockPath);
    return true;
  } catch {
    return false;
  }
}

function isStale(): boolean {
  const built = modified(join(root, "dist/examples/chat/server.js"));
  return ["src", "gen", "examples"].some((dir) => youngest(dir) > built);
}

function youngest(dir: string): number {
  const files = readdirSync(join(root, dir), { recursive: true, withFileTypes: true });
  const sources = files.filter((file) => file.name.endsWith(".ts") && !file.name.endsWith(".test.ts"));
  return Math.max(...sources.map((file) => modified(join(file.parentPath, file.name))));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

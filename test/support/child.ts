import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./built.js";

/** What a child process left behind. */
export interface ChildResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script of test/children in a process of its own, on the built package, and waits until that ends by itself.
 *
 * @param script - its name: `leave`
 * @param nodeOptions - flags for Node
 */
export function runChild(
  script: string,
  args: readonly string[] = [],
  nodeOptions: readonly string[] = [],
): Promise<ChildResult> {
  const path = join(root, `dist/test/children/${script}.js`);
  const child = spawn(process.execPath, [...nodeOptions, path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...output }));
  });
}

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a child process left behind. */
export interface ChildResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script of this folder in a process of its own and waits until that ends by itself.
 *
 * @param script - its file name: `context-child-exit.ts`
 * @param nodeOptions - flags for Node
 */
export function runChild(
  script: string,
  args: readonly string[] = [],
  nodeOptions: readonly string[] = [],
): Promise<ChildResult> {
  const loader = new URL("./context-ts-loader.mjs", import.meta.url).href;
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, "--import", loader, path, ...args], {
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

import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { root } from "./built.js";

/** A program that runs, or has run. */
export interface Program {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  /** Settles with its exit code, or with the name of the signal that killed it. */
  readonly ended: Promise<number | string | null>;
}

/**
 * Starts a built program of the repository, without standard input.
 *
 * @param path - its path, from the root, or an absolute one
 */
export function run(path: string, env: Readonly<Record<string, string>> = {}): Program {
  const child = spawn(process.execPath, [resolve(root, path)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  const program: Program = { child, stdout: "", stderr: "", ended };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    program.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    program.stderr += text;
  });
  return program;
}

/**
 * Waits until a program has said something.
 *
 * @returns the match
 * @throws Error when it ends without having said it, or when it takes longer than `timeoutMs`
 */
export async function says(
  program: Program,
  stream: "stdout" | "stderr",
  pattern: RegExp,
  timeoutMs = 15_000,
): Promise<RegExpExecArray> {
  const found = new Promise<RegExpExecArray>((resolve) => {
    const look = () => {
      const match = pattern.exec(program[stream]);
      if (match !== null) resolve(match);
    };
    program.child[stream]?.on("data", look);
    look();
  });
  const timeout = AbortSignal.timeout(timeoutMs);
  const tooLate = new Promise<never>((_, reject) => {
    const complain = () =>
      reject(new Error(`expected ${pattern} on ${stream}, got:\n${program.stdout}${program.stderr}`));
    timeout.addEventListener("abort", complain);
    void program.ended.then(complain);
  });
  return Promise.race([found, tooLate]);
}

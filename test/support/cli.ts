import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { root } from "./built.js";
import type { Program } from "./chat-process.js";

/** How a command-line client is called. */
export interface CliCall {
  /** Variables on top of an environment that has none of the client's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs. Default: a new folder. */
  readonly cwd?: string;
  /** What is run with the arguments. Default: the built client. */
  readonly command?: readonly [string, ...string[]];
}

/** What a command-line client left behind. */
export interface CliResult {
  readonly exit: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Calls the built command-line client as a process, and waits for its end. */
export async function cli(args: readonly string[], call: CliCall = {}): Promise<CliResult> {
  const program = startCli(args, call);
  const exit = await program.ended;
  return { exit, stdout: program.stdout, stderr: program.stderr };
}

/** Starts the built command-line client as a process, which lives no longer than the test. */
export function startCli(args: readonly string[], call: CliCall = {}): Program {
  const { env = {}, cwd = emptyFolder(), command = builtCli } = call;
  const [program, ...first] = command;
  const child = spawn(program, [...first, ...args], {
    cwd,
    env: { PATH: process.env.PATH, TZ: "Asia/Tokyo", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return programOf(child);
}

/** The built command-line client. */
export const builtCli: readonly [string, string] = [process.execPath, join(root, "dist/src/cli/main.js")];

/** A new folder, for the length of the test. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "connect-clue-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function programOf(child: ChildProcess): Program {
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  const program: Program = { child, stdout: "", stderr: "", ended };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      program[name] += text;
    });
  }
  return program;
}

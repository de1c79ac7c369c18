import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { LogLines } from "./log-lines.js";

/** The chat server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** Opens its debug service. */
  readonly debugToken: string;
  /** What it writes to standard output: its log, and nothing else. */
  readonly log: LogLines;
  /** Takes down what the service needs, or brings it back. */
  toggleDependency(): void;
  /** Stops it as an operator would, with SIGTERM; gives its exit code. */
  stop(): Promise<number | null>;
  /** Makes sure that it is gone. */
  kill(): void;
}

/**
 * Starts the server on a port that is free, and waits until it listens.
 *
 * @throws Error with what the server said when it ended instead
 */
export async function startServerProcess(): Promise<ServerProcess> {
  const debugToken = randomUUID();
  const env = {
    ...process.env,
    CLUE_DEBUG_TOKEN: debugToken,
    HOST: "127.0.0.1",
    PORT: "0",
    LOG_FORMAT: "text",
  };
  const program = fileURLToPath(new URL("../server.js", import.meta.url));
  const child = spawn(process.execPath, [program], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    // A tour that hangs ends: whatever waits for the server then fails.
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  const log = new LogLines();
  child.stdout.setEncoding("utf8").on("data", (text: string) => log.write(text));
  const ended = new Promise((resolve) => child.once("close", resolve));
  return {
    url: await listening(child, log),
    debugToken,
    log,
    toggleDependency: () => void child.kill("SIGUSR2"),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      return child.exitCode;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** The server tells its url on standard error. */
function listening(child: ChildProcess, log: LogLines): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const didNotStart = () => {
      const lines = log.takeAll().map(({ text }) => text);
      reject(new Error(`the server did not start: ${[said.trim(), ...lines].join("\n")}`));
    };
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const url = /http:\/\/\S+:\d+/.exec(said)?.[0];
      if (url === undefined) return;
      child.off("close", didNotStart);
      resolve(url);
    });
    child.once("error", reject);
    child.once("close", didNotStart);
  });
}

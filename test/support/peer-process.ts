import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** Starts a client in a process of its own, which makes one call, sends one empty message and waits. It is there to be killed. */
export function startPeer(url: string, method: string, contentType: string): ChildProcess {
  const script = fileURLToPath(new URL("peer-client.mjs", import.meta.url));
  const path = `/chat.v1.ChatService/${method}`;
  const child = spawn(process.execPath, [script, url, path, contentType], { stdio: "inherit" });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

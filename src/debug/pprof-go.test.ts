import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { debugToken, startDebugServer } from "../../test/support/debug-server.js";
import { bearerToken } from "./authorizers.js";
import { pprofHandler } from "./pprof-handler.js";

const hasGo = spawnSync("go", ["version"]).status === 0;
if (!hasGo) console.warn("skipped: `go tool pprof`, since there is no `go` on the PATH");

describe.skipIf(!hasGo)("go tool pprof", () => {
  it("takes a CPU profile, with the token as the password", async () => {
    const url = await serve(`me:${encodeURIComponent(debugToken)}`);
    const busy = setInterval(computeForTheProfile, 1);
    onTestFinished(() => clearInterval(busy));
    const { stdout } = await pprof("-top", "-seconds=1", `${url}/profile`);
    expect(stdout).toMatch(/^Type: cpu\n/m);
    expect(stdout).toMatch(/^ +flat +flat% +sum% +cum +cum%\n.*computeForTheProfile/m);
  }, 120_000);

  it("takes a heap profile", async () => {
    const url = await serve(`me:${encodeURIComponent(debugToken)}`);
    const kept: unknown[] = [];
    const busy = setInterval(() => kept.push(allocateForTheProfile()), 5);
    onTestFinished(() => clearInterval(busy));
    const { stdout } = await pprof("-top", "-seconds=1", `${url}/heap`);
    expect(stdout).toMatch(/^Type: inuse_space\n/m);
    expect(stdout).toContain("allocateForTheProfile");
  }, 120_000);

  it("says why it was refused", async () => {
    const refused = await pprof("-top", "-seconds=1", `${await serve("me:wrong")}/profile`).catch(String);
    expect(refused).toContain("401 Unauthorized");
    expect(refused).toContain("you may not use the debug service");
    const url = await serve(`me:${encodeURIComponent(debugToken)}`);
    const tooLong = await pprof("-top", "-seconds=1000", `${url}/profile`).catch(String);
    expect(tooLong).toContain("at most 300s, got 1000s");
  }, 120_000);
});

async function serve(user: string): Promise<string> {
  const authorize = bearerToken(debugToken);
  const { url } = await startDebugServer({ fallback: (logger) => pprofHandler({ authorize, logger }) });
  return `${url.replace("//", `//${user}@`)}/debug/pprof`;
}

function pprof(...args: readonly string[]): Promise<{ readonly stdout: string }> {
  const dir = mkdtempSync(join(tmpdir(), "pprof-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return promisify(execFile)("go", ["tool", "pprof", ...args], {
    env: { ...process.env, PPROF_TMPDIR: dir },
  });
}

function computeForTheProfile(): number {
  let sum = 0;
  for (const end = performance.now() + 10; performance.now() < end; )
    for (let n = 0; n < 1000; n++) sum += n % 7;
  return sum;
}

function allocateForTheProfile(): unknown[] {
  return Array.from({ length: 20_000 }, (_, n) => ({ n }));
}

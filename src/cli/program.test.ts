import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { Severity } from "../../gen/clue/debug/v1/debug_pb.js";
import { HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.js";
import manifest from "../../package.json" with { type: "json" };
import { builtCli, type CliCall, cli, emptyFolder, startCli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";

const commands = [
  "debug on",
  "debug off",
  "debug status",
  "calls",
  "tail",
  "flush",
  "profile",
  "health",
  "runtime",
];

describe("the program", () => {
  it("tells its version", async () => {
    expect(await cli(["--version"])).toEqual({ exit: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  it("has a help with its exit codes and examples", async () => {
    const { exit, stdout, stderr } = await cli(["--help"]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    for (const code of [0, 1, 2, 3, 4, 5, 130]) expect(stdout).toMatch(new RegExp(`^  ${code} {2,}\\w`, "m"));
    expect(stdout).toContain("\nExamples:\n  $ ");
  });

  it.each(commands)("has a help for %s, with examples", async (command) => {
    const { exit, stdout, stderr } = await cli([...command.split(" "), "--help"]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toContain(`Usage: connect-clue ${command}`);
    expect(stdout).toContain("\nGlobal Options:\n");
    expect(stdout).toContain(`\nExamples:\n  $ npx connect-clue ${command}`);
  });

  it("shows its help when it is told nothing", async () => {
    const { exit, stdout, stderr } = await cli([]);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toContain("Usage: connect-clue [options] [command]");
  });

  it.each([
    [["cals"], "unknown command 'cals'\n(Did you mean calls?)"],
    [["calls", "--jsn"], "unknown option '--jsn'\n(Did you mean --json?)"],
    [["flush"], "missing required argument 'id'"],
    [["runtime", "now"], "too many arguments for 'runtime'. Expected 0 arguments but got 1."],
    [
      ["tail", "--protocol", "soap"],
      "option '--protocol <protocol>' argument 'soap' is invalid. Allowed choices are connect, grpc, grpc-web.",
    ],
  ])("refuses %j", async (args, text) => {
    expect(await cli(args)).toEqual({ exit: 2, stdout: "", stderr: `connect-clue: ${text}\n` });
  });

  it("ends quietly when nobody reads its answer", async () => {
    const calls = Array.from({ length: 1000 }, (_, n) => ({ id: BigInt(n), method: "m".repeat(200) }));
    const { url } = await startFake({ debug: { listCalls: () => ({ calls, nextPageToken: "again" }) } });
    const program = startCli(["calls", "--addr", url]);
    program.child.stdout?.once("data", () => program.child.stdout?.destroy());
    expect(await program.ended).toBe(0);
    expect(program.stderr).toBe("");
  });
});

const hasTerminals = spawnSync("script", ["--version"]).status === 0;
if (!hasTerminals) console.log("skipped: tests at a terminal need script of util-linux");

describe.skipIf(!hasTerminals)("at a terminal", () => {
  it("shows colours, unless NO_COLOR is set", async () => {
    const { url } = await startFake({ health: { check: () => ({ status: Status.SERVING }) } });
    const args = ["health", "--addr", url];
    expect(await atTerminal(args)).toBe("\u001b[32mSERVING\u001b[39m\r\n");
    expect(await atTerminal(args, { env: { NO_COLOR: "1" } })).toBe("SERVING\r\n");
    expect(await atTerminal(args, { env: { TERM: "dumb" } })).toBe("SERVING\r\n");
  });

  it("colours log lines by severity", async () => {
    const line = { severity: Severity.WARN, message: "slow", fields: { ms: 3 } };
    const { url } = await startFake({
      debug: {
        async *tailLogs() {
          yield { event: { case: "line", value: line } };
        },
      },
    });
    expect(await atTerminal(["tail", "--addr", url])).toBe(
      "\u001b[33mWARN \u001b[39m slow \u001b[33mms\u001b[39m=3\r\nconnect-clue: the server has ended the stream\r\n",
    );
  });

  it("shows the progress of a profile, and takes it away", async () => {
    const { url } = await startFake({
      debug: {
        async *captureProfile() {
          const elapsed = durationFromMs(4000);
          yield { event: { case: "progress", value: { elapsed, total: durationFromMs(10_000) } } };
          yield { event: { case: "chunk", value: new Uint8Array(2048) } };
          yield { event: { case: "done", value: { size: 2048n } } };
        },
      },
    });
    const cwd = emptyFolder();
    const shown = await atTerminal(["profile", "trace", "--out", "p", "--addr", url], { cwd });
    expect(shown).toMatch(/trace [█]*[░ -]* /);
    expect(shown).toMatch(/\u001b\[\?25l.*\u001b\[\?25h/s);
    expect(shown.endsWith("p: 2.0 KiB\r\nOpen it: Perfetto, Open trace file: p\r\n")).toBe(true);
    expect(readdirSync(cwd)).toEqual(["p"]);
  });
});

/** What a terminal shows of it: both outputs, with line ends as terminals have them. */
async function atTerminal(
  args: readonly string[],
  { env = {}, cwd = emptyFolder() }: CliCall = {},
): Promise<string> {
  const terminal = startCli(["-qec", [...builtCli, ...args].join(" "), "/dev/null"], {
    command: ["script"],
    cwd,
    env: { TERM: "xterm-256color", ...env },
  });
  await terminal.ended;
  return terminal.stdout;
}

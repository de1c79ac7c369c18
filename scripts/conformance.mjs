// Connect's own conformance suite, on the package as users get it: the server and the client, each bare and with
// everything of the kit on. The sets of failing cases must be the same, and all calls and spans that began must have ended.
//
// `npm run conformance`; with `--line today`, `--side server`, `--node /path/of/node`. It needs Go, which fetches the
// runner, and takes some minutes.

import { execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { lines } from "./support/lines.mjs";
import { pack } from "./support/pack.mjs";
import { install, tempFolder, versionOf } from "./support/temp-project.mjs";

const run = promisify(execFile);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const module = "connectrpc.com/conformance";
const version = "v1.0.7";

const { values: options } = parseArgs({
  options: {
    line: { type: "string" },
    side: { type: "string" },
    run: { type: "string" },
    node: { type: "string", default: process.execPath },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(
    `npm run conformance -- [--line ${Object.keys(lines).join("|")}] [--side server|client] [--run PATTERN] [--node BINARY] [--keep]`,
  );
} else {
  process.exitCode = await main();
}

async function main() {
  const node = resolve(options.node);
  const { version: nodeVersion, major } = await versionOf(node);
  const chosen = options.line ?? (major === 20 ? "node20" : "today");
  const line = lines[chosen];
  if (line === undefined) throw new Error(`--line: expected ${Object.keys(lines).join(", ")}; got ${chosen}`);
  if (!line.isFor(major)) throw new Error(`--line ${chosen} is not for Node ${nodeVersion}`);
  const sides = options.side === undefined ? ["server", "client"] : [options.side];

  const go = await run("go", ["env", "GOMODCACHE"]).catch(() => undefined);
  if (go === undefined) {
    console.log("conformance: skipped: Go is not installed, which fetches the runner (https://go.dev/dl)");
    return 0;
  }
  const folder = tempFolder("conformance");
  try {
    console.log(`== line ${chosen}, Node ${nodeVersion}, conformance ${version}`);
    const runner = await installRunner(folder);
    await installPrograms(folder, line, node, join(go.stdout.trim(), `${module}@${version}`, "proto"));
    const rows = [];
    for (const side of sides) rows.push(await compare(folder, runner, node, side));
    console.table(rows.map(({ problems, ...row }) => ({ line: chosen, ...row })));
    const problems = rows.flatMap((row) => row.problems);
    for (const problem of problems) console.log(problem);
    return problems.length > 0 ? 1 : 0;
  } finally {
    if (options.keep) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds the runner. The module stays in Go's cache, where its proto files are read. */
async function installRunner(folder) {
  await run("go", ["install", `${module}/cmd/connectconformance@${version}`], {
    env: { ...process.env, GOBIN: folder },
  });
  return join(folder, "connectconformance");
}

/** The programs under test, with the kit from its tarball and the service's code generated for this line. */
async function installPrograms(folder, { packages, sdk }, node, protos) {
  cpSync(join(root, "test/conformance"), folder, { recursive: true });
  const protobuf = packages["@bufbuild/protobuf"];
  const dependencies = {
    ...packages,
    "@bufbuild/protoc-gen-es": protobuf,
    "@opentelemetry/context-async-hooks": sdk.stable,
    "@opentelemetry/core": sdk.stable,
    "@opentelemetry/sdk-metrics": sdk.stable,
    "@opentelemetry/sdk-trace": sdk.stable,
    "connect-clue": `file:${pack(folder)}`,
  };
  await install(folder, dependencies, node);
  const plugin = {
    local: [node, join(folder, "node_modules/.bin/protoc-gen-es")],
    out: "gen",
    opt: ["target=js", "import_extension=js"],
  };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  const buf = join(root, "node_modules/.bin/buf");
  await run(buf, ["generate", protos, "--template", template, "--output", folder]);
}

/** Runs one side bare and with the kit. */
async function compare(folder, runner, node, side) {
  const bare = await conformance(folder, runner, node, side, []);
  const reports = join(folder, `reports-${side}`);
  const kit = await conformance(folder, runner, node, side, [], reports);
  const { onlyBare, onlyKit } = await differences(folder, runner, node, side, bare, kit);
  const { callsStarted, callsEnded, spansStarted, spansEnded, lines: logLines, measured } = countsOf(reports);
  const problems = [
    ...onlyBare.map((name) => `fails bare, passes with the kit: ${name}`),
    ...onlyKit.map((name) => `passes bare, fails with the kit: ${name}`),
    ...(bare.total === kit.total ? [] : [`${bare.total} cases bare, ${kit.total} with the kit`]),
    ...(callsStarted > 0 ? [] : ["the kit saw no call"]),
    ...(callsStarted === callsEnded ? [] : [`${callsStarted} calls started, ${callsEnded} ended`]),
    ...(spansStarted === spansEnded ? [] : [`${spansStarted} spans started, ${spansEnded} ended`]),
    ...(measured === callsEnded ? [] : [`${callsEnded} calls ended, the metrics counted ${measured}`]),
  ].map((problem) => `${side}: ${problem}`);
  return {
    side,
    bare: `${bare.total - bare.failing.length}/${bare.total}`,
    kit: `${kit.total - kit.failing.length}/${kit.total}`,
    difference: onlyBare.length + onlyKit.length,
    calls: `${callsStarted}/${callsEnded}`,
    spans: `${spansStarted}/${spansEnded}`,
    "log lines": logLines,
    problems,
  };
}

/**
 * The cases that fail on one side of the comparison only. The suite has deadlines of 200 ms, which a busy machine misses:
 * cases that differ are run again by themselves, and count when they differ again.
 */
async function differences(folder, runner, node, side, bare, kit) {
  const isIn = (names) => (name) => names.includes(name);
  const differ = [...bare.failing, ...kit.failing].filter(
    (name) => !(isIn(bare.failing)(name) && isIn(kit.failing)(name)),
  );
  if (differ.length === 0) return { onlyBare: [], onlyKit: [] };
  console.log(`${side}: ${differ.length} cases differ, and are run again:\n${differ.join("\n")}`);
  const bareAgain = await conformance(folder, runner, node, side, differ);
  const kitAgain = await conformance(folder, runner, node, side, differ, join(folder, `again-${side}`));
  return {
    onlyBare: bareAgain.failing.filter((name) => !isIn(kitAgain.failing)(name)),
    onlyKit: kitAgain.failing.filter((name) => !isIn(bareAgain.failing)(name)),
  };
}

/**
 * One run of the suite.
 *
 * @param names - the cases to run; empty for all, or for what `--run` says
 * @param reports - where the programs write what they counted; undefined for Connect alone
 */
async function conformance(folder, runner, node, side, names, reports) {
  if (reports !== undefined) mkdirSync(reports);
  const program = [node, join(folder, `${side}.mjs`)];
  const servers = `--max-servers=${Math.max(2, cpus().length)}`;
  const patterns = names.length === 0 && options.run !== undefined ? [options.run] : names;
  const cases = patterns.flatMap((pattern) => ["--run", pattern]);
  const child = spawn(
    runner,
    ["--mode", side, "--conf", "features.yaml", servers, ...cases, "--", ...program],
    {
      cwd: folder,
      env: { ...process.env, ...(reports !== undefined && { CONFORMANCE_REPORTS: reports }) },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  await new Promise((done, fail) => {
    child.once("error", fail).once("close", done);
    // A runner that was killed leaves servers behind, which hold its pipes open.
    child.once("exit", () => setTimeout(done, 1000));
  });
  const total = /^Total cases: (\d+)\s+(\d+) passed, (\d+) failed/m.exec(output);
  if (total === null || Number(total[1]) !== Number(total[2]) + Number(total[3])) {
    throw new Error(
      `${side}: the runner could not run all cases:\n${output.slice(0, 4000)}\n…\n${output.slice(-2000)}`,
    );
  }
  const failing = [...output.matchAll(/^FAILED: (.+?):?$/gm)].map(([, name]) => name);
  if (failing.length !== Number(total[3]))
    throw new Error(`${side}: ${failing.length} names of ${total[3]} failures`);
  const how = reports === undefined ? "bare" : "with the kit";
  console.log(`${side} ${how}: ${total[2]} passed, ${total[3]} failed`);
  return { total: Number(total[1]), failing };
}

/** The sums of what all programs of a run counted. */
function countsOf(reports) {
  const sums = { callsStarted: 0, callsEnded: 0, spansStarted: 0, spansEnded: 0, lines: 0, measured: 0 };
  for (const file of readdirSync(reports)) {
    const counts = JSON.parse(readFileSync(join(reports, file), "utf8"));
    for (const name of Object.keys(sums)) sums[name] += counts[name];
  }
  return sums;
}

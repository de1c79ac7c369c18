/** `npm run bench`: measures what the kit costs, prints the figures beside their goals and keeps the raw numbers. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench, BenchResult } from "./bench.js";
import { direct } from "./direct/direct.js";
import { heap } from "./heap/heap.js";
import { logLines } from "./log/log-lines.js";
import { describeMachine } from "./machine.js";
import { type Options, parseOptions, usage } from "./options.js";
import { endToEnd } from "./rpc/end-to-end.js";
import { formatTable, goalTable } from "./table.js";

const benches: Readonly<Record<string, Bench>> = {
  unary: endToEnd("unary"),
  burst: endToEnd("burst"),
  traced: endToEnd("traced"),
  "ping-pong": endToEnd("ping-pong"),
  direct,
  log: logLines,
  heap,
};
const names = Object.keys(benches);

const options = readOptions();
if (options.help) console.log(usage(names));
else await main(options);

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2), names);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage(names)}`);
    process.exit(2);
  }
}

async function main(options: Options): Promise<void> {
  const machine = describeMachine();
  const results: Record<string, BenchResult> = {};
  for (const [name, bench] of Object.entries(benches)) {
    if (!options.only.includes(name)) continue;
    console.error(`measuring ${name} …`);
    results[name] = await bench(options);
  }
  print(
    `Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, ${machine.date}, rounds: ${options.rounds}`,
    results,
  );
  save({ machine, rounds: options.rounds, smoke: options.smoke, results });
}

function print(heading: string, results: Readonly<Record<string, BenchResult>>): void {
  const all = Object.values(results);
  console.log(`${heading}${options.smoke ? " (smoke: the figures mean nothing)" : ""}\n`);
  for (const table of all.flatMap((result) => result.details)) console.log(formatTable(table));
  console.log(
    formatTable(
      goalTable(
        all.flatMap((result) => result.figures),
        !options.smoke,
      ),
    ),
  );
}

/** A smoke run must not take the place of a real one. */
function save(run: object): void {
  const usual = new URL(`../../bench/results/${options.smoke ? "smoke" : "latest"}.json`, import.meta.url);
  const file = resolve(options.json ?? fileURLToPath(usual));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(run, undefined, 2)}\n`);
  console.error(`raw numbers: ${file}`);
}

// Compiles the project with each TypeScript that is installed, as `typescript-<version>`, and each way to resolve modules.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const { exports } = JSON.parse(readFileSync("node_modules/connect-clue/package.json", "utf8"));
const modules = Object.keys(exports).filter((path) => !path.endsWith(".json"));
// All entry points, so that none can be forgotten.
const lines = modules.map((path, n) => `export * as entry${n} from "connect-clue${path.slice(1)}";\n`);
writeFileSync("entry-points.ts", lines.join(""));

const compilers = readdirSync("node_modules").filter((name) => name.startsWith("typescript-"));
if (compilers.length === 0) throw new Error("no typescript-<version> is installed");
for (const compiler of compilers) {
  for (const resolution of ["nodenext", "bundler"]) {
    const args = [`node_modules/${compiler}/bin/tsc`, "-p", `tsconfig.${resolution}.json`];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    console.log(`${compiler}, ${resolution}: ${status === 0 ? "compiles" : `fails\n${stdout}`}`);
    if (status !== 0) process.exitCode = 1;
  }
}

// Fails when the committed code in gen/ is not what buf makes of the .proto files today.
// Run through npm (`npm run check`), which puts buf and protoc-gen-es on the PATH.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const targets = [
  { template: "buf.gen.yaml", dir: "gen" },
  { template: "examples/chat/buf.gen.yaml", dir: "examples/chat/gen" },
  { template: "examples/orders/buf.gen.yaml", dir: "examples/orders/gen" },
];

const fresh = mkdtempSync(join(tmpdir(), "generated-"));
try {
  const stale = targets.flatMap(staleFiles);
  for (const file of stale) console.error(file);
  if (stale.length > 0) {
    console.error("\nGenerated code is out of date: run `npm run generate` and commit the result.");
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}

function staleFiles({ template, dir }) {
  execFileSync("buf", ["generate", "--template", template, "--output", fresh], { stdio: "inherit" });
  const made = readTree(join(fresh, dir));
  const committed = readTree(dir);
  return [...new Set([...made.keys(), ...committed.keys()])]
    .filter((file) => made.get(file) !== committed.get(file))
    .map((file) => `${join(dir, file)}: ${difference(made.has(file), committed.has(file))}`);
}

function difference(isMade, isCommitted) {
  if (!isCommitted) return "missing";
  return isMade ? "differs" : "no longer generated";
}

function readTree(dir) {
  if (!existsSync(dir)) return new Map();
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(dir, path), readFileSync(path, "utf8")];
    }),
  );
}

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifest, packageOf, peers } from "./import-graph.js";
import { root } from "./support/built.js";
import { cli } from "./support/cli.js";

let files: string[];
let folder: string;
const into = mkdtempSync(join(tmpdir(), "packed-"));

afterAll(() => rmSync(into, { recursive: true }));

beforeAll(() => {
  // Without scripts: the build would pull dist/ away from under other tests.
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", into], { cwd: root });
  folder = join(into, "node_modules/connect-clue");
  mkdirSync(folder, { recursive: true });
  const tarball = join(into, `connect-clue-${manifest.version}.tgz`);
  execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", folder]);
  files = filesIn(folder);
});

describe("the packed package", () => {
  it("has no tests, no sources and no maps", () => {
    const known =
      /^(dist\/(src|gen)\/.*\.(js|d\.ts)|docs\/.*\.md|proto\/clue\/.*\.proto|[^/]+\.(md|json)|LICENSE)$/;
    expect(files.filter((file) => !known.test(file))).toEqual(["dist/THIRD-PARTY-LICENSES.txt"]);
    expect(files.filter((file) => /\.test\.|(^|\/)(test|bench|examples)\//.test(file))).toEqual([]);
  });

  it("runs no script when it is installed, and names no addresses", () => {
    const packed = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const { preinstall, install, postinstall, prepare } = packed.scripts;
    const { homepage, repository, bugs } = packed;
    const all = { preinstall, install, postinstall, prepare, homepage, repository, bugs };
    expect(Object.values(all).every((value) => value === undefined)).toBe(true);
  });

  it("adds at most 2 MiB to a project, and depends on nothing but peers", () => {
    expect(diskKiB(folder)).toBeLessThanOrEqual(2048);
    expect(manifest).not.toHaveProperty("dependencies");
  });

  it("imports nothing but its peers and Node", () => {
    const known = peers;
    const unknown = files
      .filter((file) => /\.(js|d\.ts)$/.test(file))
      .flatMap((file) =>
        importsIn(readFileSync(join(folder, file), "utf8")).map((name) => `${file}: ${name}`),
      )
      .filter((line) => !known.includes(line.split(": ")[1] ?? ""));
    expect(unknown).toEqual([]);
  });

  it("brings the licences of the packages that are built in", () => {
    const text = readFileSync(join(folder, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    const names = [...text.matchAll(/^(\S+) [\d.]+ \(MIT\)$/gm)].map(([, name]) => name);
    expect(names).toEqual(
      expect.arrayContaining(["cli-progress", "cli-table3", "commander", "pprof-format"]),
    );
  });

  it("has a command line that runs with nothing else installed", async () => {
    const program = join(folder, manifest.bin["connect-clue"] ?? "");
    const result = await cli(["doctor", "--json"], { command: [process.execPath, program] });
    expect(result).toMatchObject({ exit: 1, stderr: "" });
  });
});

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

/** As `du` counts it where a block has 4 KiB. */
function diskKiB(path: string): number {
  const entries = readdirSync(path, { recursive: true }).map((entry) => statSync(join(path, `${entry}`)));
  return entries.reduce((sum, { size }) => sum + Math.ceil(size / 4096) * 4, 4);
}

/** The packages that a module or its types import. */
function importsIn(text: string): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((specifier) => !/^[.#]|^node:/.test(specifier) && !builtinModules.includes(specifier))
    .map(packageOf);
}

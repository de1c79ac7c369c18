// Builds dist/: what is packed, and the examples, the benchmark and the tests' child processes.
//
// The compiler writes one file for each source. Bundling then puts the modules of the package into few files: one for
// each entry point, and chunks for what entry points share. Packages that are not peers, such as those of the
// command line, go into these files, so that nobody has to install them. Declarations that no entry point reaches
// are deleted.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const ours = ["src", "gen"].map((name) => join(dist, name));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

rmSync(dist, { recursive: true, force: true });
compile();
await bundle();
deleteUnreachable();

function compile() {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(1);
}

/** Replaces the JavaScript of the package by bundles at the paths that package.json names. */
async function bundle() {
  const bundled = mkdtempSync(join(dist, "bundled-"));
  const programs = Object.values(manifest.bin);
  const [commandLine] = programs.splice(programs.indexOf(manifest.bin["connect-clue"]), 1);
  const modules = [...Object.values(manifest.exports), ...Object.values(manifest.imports)]
    .flatMap((target) => (typeof target === "string" ? [] : Object.entries(target)))
    .flatMap(([condition, path]) => (condition === "types" ? [] : [path]));
  const shared = { ...options(bundled), entryPoints: [...modules, ...programs] };
  // A bundle of its own, since its packages are CommonJS that calls `require` for Node's modules.
  const banner = `import { createRequire as requireFor } from "node:module";\nconst require = requireFor(import.meta.url);`;
  const alone = {
    ...options(bundled),
    entryPoints: [commandLine],
    banner: { js: banner },
    minify: true,
  };
  const results = [
    await build({ ...shared, chunkNames: "src/chunks/[name]-[hash]" }),
    await build({ ...alone, chunkNames: "src/cli/[name]-[hash]" }),
  ];
  for (const file of filesBelow(ours, ".js")) rmSync(file);
  cpSync(bundled, dist, { recursive: true });
  for (const file of filesBelow(ours, ".js")) dropBareImports(file);
  rmSync(bundled, { recursive: true });
  writeLicenses(results.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
}

/** Imports for side effects alone, of which the package has none: they load what is not needed, and bundlers warn of them. */
function dropBareImports(file) {
  writeFileSync(file, readFileSync(file, "utf8").replace(/^import "\.[^"]*";\n/gm, ""));
}

function options(outdir) {
  const { peerDependencies, peerDependenciesMeta, dependencies = {} } = manifest;
  const external = [peerDependencies, peerDependenciesMeta, dependencies].flatMap(Object.keys);
  return {
    absWorkingDir: root,
    bundle: true,
    // `#platform` is chosen when the package is used: by Node, or by the bundler for a browser.
    external: ["#platform", ...external],
    format: "esm",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    outbase: "dist",
    outdir,
    platform: "node",
    splitting: true,
    target: "es2022",
  };
}

/** The licences of the packages that are in the bundles, which is what these licences ask for. */
function writeLicenses(inputs) {
  const folders = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined) throw new Error(`build: ${name} is bundled and has no file with its licence`);
    const text = readFileSync(join(root, folder, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  const head = "connect-clue contains code of the packages below.\n";
  writeFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), [head, ...texts].join(`\n${"-".repeat(80)}\n\n`));
}

function deleteUnreachable() {
  const reachable = new Set(
    Object.values(manifest.exports)
      .flatMap(({ types = [] }) => types)
      .map(fromRoot),
  );
  for (const file of reachable) {
    for (const [, specifier] of readFileSync(file, "utf8").matchAll(
      /(?:from|import)\s*\(?\s*"([.#][^"]+)"/g,
    )) {
      for (const target of targetsOf(file, specifier)) reachable.add(target);
    }
  }
  for (const file of filesBelow(ours, ".d.ts")) if (!reachable.has(file)) rmSync(file);
  for (const folder of ours) deleteEmpty(folder);
}

function targetsOf(file, specifier) {
  if (specifier.startsWith(".")) return [declarationOf(join(dirname(file), specifier))];
  return Object.values(manifest.imports[specifier]).map(fromRoot).map(declarationOf);
}

function declarationOf(path) {
  return path.replace(/\.js$/, ".d.ts");
}

function fromRoot(path) {
  return join(root, path);
}

function filesBelow(folders, ending) {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, path)))
    .filter((path) => path.endsWith(ending));
}

function deleteEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) deleteEmpty(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scopeVersion } from "../src/call/scope.js";
import {
  builtFrom,
  type Condition,
  type Import,
  importsOf,
  manifest,
  packageOf,
  resolveImport,
  root,
  sourceFiles,
  trace,
} from "./import-graph.js";

// Who may import whom, types included. `call` is all of that folder, `log/types` only that file. Every
// folder may also import itself, gen/ and `#platform`. A folder that is not named here is an error.
const features = { mayImport: ["call", "context", "log/types", "log/index"] };
const folders: Readonly<Record<string, { readonly mayImport: readonly string[] }>> = {
  call: { mayImport: [] },
  context: { mayImport: ["call", "log/types"] },
  log: { mayImport: ["call", "context"] },
  trace: features,
  metrics: features,
  payloads: { mayImport: [...features.mayImport, "log/debug-enabled"] },
  debug: { mayImport: [...features.mayImport, "log/live", "payloads/index", "node/index"] },
  // The command-line client is a client like any other: it knows the services' messages alone.
  cli: { mayImport: ["call"] },
  health: features,
  node: features,
  reflection: features,
  telemetry: features,
  // Mocks are served on a port by the kit's own server.
  mock: { mayImport: ["call", "payloads/index", "node/index"] },
  testing: {
    mayImport: [
      ...features.mayImport,
      "telemetry/peers",
      "telemetry/sdk-types",
      "mock/awaited",
      "mock/real-time",
      "mock/test-end",
    ],
  },
  // The matchers are the test kit's, as Vitest wants them.
  vitest: { mayImport: ["testing"] },
  "protoc-gen-clue-mock": { mayImport: ["call"] },
  platform: { mayImport: ["log/types", "log/format-terminal", "call/shared"] },
  // The files of src/ itself put the features together.
  "": { mayImport: ["call", "context", "log", "trace", "metrics", "payloads"] },
};

// What an entry point may load from outside. The neutral ones run in a browser: peers only.
const peers = Object.keys(manifest.peerDependencies);
const entries: Readonly<Record<string, { readonly neutral: boolean }>> = {
  ".": { neutral: true },
  "./debug": { neutral: false },
  "./health": { neutral: false },
  "./log": { neutral: true },
  "./mock": { neutral: false },
  "./node": { neutral: false },
  "./reflection": { neutral: true },
  "./telemetry": { neutral: false },
  "./testing": { neutral: false },
  "./vitest": { neutral: false },
};

const src = sourceFiles("src");

describe("the folders of src/", () => {
  it("are all in the table", () => {
    expect(src.map(folderOf).filter((folder) => !(folder in folders))).toEqual([]);
  });

  it("import only what the table allows", () => {
    const broken = eachImport((file, { specifier }) => {
      if (specifier.startsWith("#")) return false;
      const target = resolveImport(file, specifier, "node");
      return target !== undefined && !mayImport(file, target);
    });
    expect(broken).toEqual([]);
  });

  it("have no import cycles", () => {
    expect(findCycles(src)).toEqual([]);
  });

  it("use Node only where a folder is for Node", () => {
    const broken = eachImport((file, { specifier }) => {
      return (
        isNodeModule(specifier) &&
        !["platform", "cli", "debug", "health", "node", "protoc-gen-clue-mock", "telemetry"].includes(
          folderOf(file),
        )
      );
    });
    expect(broken).toEqual([]);
  });
});

describe("package.json", () => {
  it("has the entry points of the table", () => {
    const { "./package.json": itself, ...modules } = manifest.exports;
    expect(itself).toBe("./package.json");
    expect(Object.keys(modules)).toEqual(Object.keys(entries));
  });

  it.each(Object.keys(entries))("%s has types and code of one existing source", (entry) => {
    const source = sourceOf(entry);
    expect(manifest.exports[entry]).toEqual({
      types: `./dist/${source.replace(/\.ts$/, ".d.ts")}`,
      default: `./dist/${source.replace(/\.ts$/, ".js")}`,
    });
    expect(existsSync(join(root, source))).toBe(true);
  });

  it("has the version that spans and metrics tell", () => {
    expect(scopeVersion).toBe(manifest.version);
  });

  it("leads #platform to existing sources", () => {
    const targets = Object.values(manifest.imports).flatMap((conditions) => Object.values(conditions));
    expect(targets.map(builtFrom).filter((source) => !existsSync(join(root, source)))).toEqual([]);
  });
});

describe("the entry points", () => {
  const neutral = Object.keys(entries).filter((entry) => entries[entry]?.neutral);

  it.each(neutral)("%s loads nothing but peers outside of Node", (entry) => {
    expect(unexpected(entry, "default", peers)).toEqual([]);
  });

  it.each(neutral)("%s loads nothing more on Node than its platform does", (entry) => {
    const platform = trace("src/platform/node.ts", "node").modules.map(packageOf);
    expect(unexpected(entry, "node", [...peers, ...platform])).toEqual([]);
  });

  it.each(Object.keys(entries))("%s loads no package that is not a dependency", (entry) => {
    const declared = [...peers, ...Object.keys(manifest.dependencies)];
    expect(unexpected(entry, "node", declared).filter((name) => !isNodeModule(name))).toEqual([]);
  });
});

function sourceOf(entry: string): string {
  const target = manifest.exports[entry];
  if (target === undefined || typeof target === "string") throw new Error(`no modules at ${entry}`);
  return builtFrom(target.default ?? "");
}

function unexpected(entry: string, condition: Condition, allowed: readonly string[]): string[] {
  const { modules } = trace(sourceOf(entry), condition);
  return modules.map(packageOf).filter((name) => !allowed.includes(name));
}

function eachImport(isBroken: (file: string, found: Import) => boolean): string[] {
  return src.flatMap((file) =>
    importsOf(file)
      .filter((found) => isBroken(file, found))
      .map(({ specifier }) => `${file} imports ${specifier}`),
  );
}

function mayImport(file: string, target: string): boolean {
  if (target.startsWith("gen/") || folderOf(file) === folderOf(target)) return true;
  const allowed = folders[folderOf(file)]?.mayImport ?? [];
  return allowed.some((name) => name === folderOf(target) || `src/${name}.ts` === target);
}

/** `log` for src/log/index.ts, and the empty string for a file of src/ itself. */
function folderOf(file: string): string {
  return file.split("/").slice(1, -1)[0] ?? "";
}

/** Whether a specifier is one of Node's own modules, with or without the prefix. */
function isNodeModule(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

/** Every cycle of run-time imports, as the path of files that closes it. */
function findCycles(files: readonly string[]): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  for (const file of files) walk(file, []);
  return cycles;

  function walk(file: string, path: readonly string[]): void {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (done.has(file) || path.includes(file)) return;
    for (const target of runtimeImports(file)) walk(target, [...path, file]);
    done.add(file);
  }
}

function runtimeImports(file: string): string[] {
  return importsOf(file)
    .filter(({ typeOnly }) => !typeOnly)
    .flatMap(({ specifier }) => resolveImport(file, specifier, "node") ?? []);
}

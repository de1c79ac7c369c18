import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scopeVersion } from "../src/call/scope.js";
import {
  builtFrom,
  builtIn,
  type Condition,
  type Import,
  importsOf,
  manifest,
  packageOf,
  peers,
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
  // What needs more packages than its feature does is a folder, and an entry point, of its own.
  b3: { mayImport: ["telemetry/propagator-names"] },
  otlp: { mayImport: ["call", "telemetry/environment", "telemetry/sdk-types"] },
  "otlp-grpc": { mayImport: ["call", "telemetry/sdk-types", "otlp"] },
  prometheus: { mayImport: ["call", "telemetry/sdk-types"] },
  "grpc-pinger": { mayImport: ["call", "health/address", "health/pinger", "health/types"] },
  mock: { mayImport: ["call", "payloads/index"] },
  // Mocks are served on a port by the kit's own server.
  "mock-server": { mayImport: ["call", "mock/test-end", "node/index"] },
  testing: {
    mayImport: [...features.mayImport, "telemetry/sdk-types", "mock/awaited", "mock/test-end"],
  },
  "testing-telemetry": { mayImport: ["call", "telemetry/sdk-types", "mock/awaited", "testing"] },
  "fake-clock": { mayImport: ["call", "mock/real-time", "mock/test-end"] },
  // The matchers are the test kit's, as Vitest wants them.
  vitest: { mayImport: ["testing"] },
  "protoc-gen-clue-mock": { mayImport: ["call"] },
  platform: { mayImport: ["log/types", "log/format-terminal", "call/shared", "trace/w3c-short-cut"] },
  // The files of src/ itself put the features together.
  "": { mayImport: ["call", "context", "log", "trace", "metrics", "payloads"] },
};

// What an entry point may load from outside, beside the packages that everybody needs and Node's own. The neutral ones run
// in a browser. An optional peer is named by the entry points that need it, and is loaded by no others.
const everywhere = ["@bufbuild/protobuf", "@connectrpc/connect", "@opentelemetry/api"];
const otel = (...names: readonly string[]) => names.map((name) => `@opentelemetry/${name}`);
const otlpOverHttp = otel(
  "exporter-metrics-otlp-proto",
  "exporter-trace-otlp-proto",
  "sdk-metrics",
  "sdk-trace",
);
const entries: Readonly<Record<string, { readonly neutral?: true; readonly loads?: readonly string[] }>> = {
  ".": { neutral: true },
  "./b3": { loads: otel("propagator-b3") },
  "./debug": { loads: ["pprof-format"] },
  "./fake-clock": { loads: ["@sinonjs/fake-timers"] },
  "./grpc-pinger": { loads: ["@connectrpc/connect-node"] },
  "./health": {},
  "./log": { neutral: true },
  "./mock": { neutral: true },
  "./mock-server": { loads: ["@connectrpc/connect-node"] },
  "./node": {},
  "./otlp": { loads: otlpOverHttp },
  "./otlp-grpc": {
    loads: [
      ...otlpOverHttp,
      ...otel("exporter-metrics-otlp-grpc", "exporter-trace-otlp-grpc", "otlp-grpc-exporter-base"),
    ],
  },
  "./prometheus": { loads: otel("exporter-prometheus") },
  "./reflection": { neutral: true },
  "./telemetry": { loads: otel("context-async-hooks", "core", "resources", "sdk-metrics", "sdk-trace") },
  "./testing": {},
  "./testing-telemetry": { loads: otel("core", "sdk-metrics", "sdk-trace") },
  "./vitest": {},
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
        ![
          "platform",
          "cli",
          "debug",
          "grpc-pinger",
          "health",
          "node",
          "protoc-gen-clue-mock",
          "telemetry",
        ].includes(folderOf(file))
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

  it.each(neutral)("%s loads nothing but the packages that everybody needs outside of Node", (entry) => {
    expect(unexpected(entry, "default", everywhere)).toEqual([]);
  });

  it.each(Object.entries(entries))(
    "%s loads the packages that it needs, and no others",
    (entry, { loads }) => {
      const loaded = unexpected(entry, "node", everywhere).filter((name) => !isNodeModule(name));
      expect(loaded).toEqual([...(loads ?? [])].sort());
    },
  );

  it.each(neutral)("%s loads nothing more on Node than its platform does", (entry) => {
    const platform = trace("src/platform/node.ts", "node").modules.map(packageOf);
    expect(unexpected(entry, "node", [...everywhere, ...platform])).toEqual([]);
  });

  it("load no package that is not a dependency", () => {
    const declared = [...peers, ...builtIn];
    const loaded = Object.values(entries).flatMap(({ loads }) => loads ?? []);
    expect(loaded.filter((name) => !declared.includes(name))).toEqual([]);
  });
});

function sourceOf(entry: string): string {
  const target = manifest.exports[entry];
  if (target === undefined || typeof target === "string") throw new Error(`no modules at ${entry}`);
  return builtFrom(target.default ?? "");
}

function unexpected(entry: string, condition: Condition, allowed: readonly string[]): string[] {
  const { modules } = trace(sourceOf(entry), condition);
  return [...new Set(modules.map(packageOf))].filter((name) => !allowed.includes(name));
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

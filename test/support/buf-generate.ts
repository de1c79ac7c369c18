import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { root } from "./built.js";
import { type CliResult, cli, emptyFolder } from "./cli.js";

/** What is generated, and of what. */
export interface Generation {
  /** The options of protoc-gen-clue-mock: `target=ts`. */
  readonly options?: readonly string[];
  /** The options of protoc-gen-es, which runs first when they are given. */
  readonly es?: readonly string[];
  /** Schemas by their paths. Those that stand here are the only ones. */
  readonly protos: Files;
  /** Where it happens. Default: a new folder. */
  readonly folder?: string;
}

/** Texts of files by their paths. */
export type Files = Readonly<Record<string, string>>;

/** How `buf generate` ended, and what stands in its output folder, `gen`, after that. */
export interface Generated extends CliResult {
  readonly files: Files;
}

/** Runs `buf generate` with the built protoc-gen-clue-mock. */
export async function bufGenerate(generation: Generation): Promise<Generated> {
  const { folder = emptyFolder(), protos, es, options = [] } = generation;
  writeFiles(join(folder, "proto"), protos);
  const plugins = [
    ...(es === undefined ? [] : [{ ...protocGenEs, opt: es }]),
    { ...protocGenClueMock, opt: options },
  ];
  const template = { version: "v2", inputs: [{ directory: "proto" }], plugins, clean: true };
  // JSON is YAML.
  writeFiles(folder, { "buf.gen.yaml": JSON.stringify(template) });
  const result = await cli(["generate"], {
    cwd: folder,
    command: [process.execPath, buf],
    env: { HOME: folder },
  });
  return { ...result, files: readFiles(join(folder, "gen")) };
}

/** The built plugin, as a program. */
export const builtPlugin: readonly [string, string] = [
  process.execPath,
  join(root, "dist/src/protoc-gen-clue-mock/main.js"),
];

/** Writes files and the folders that they are in. */
export function writeFiles(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
}

const resolve = createRequire(import.meta.url).resolve;
const buf = resolve("@bufbuild/buf/bin/buf");
const protocGenEs = { local: join(root, "node_modules/.bin/protoc-gen-es"), out: "gen" };
const protocGenClueMock = { local: builtPlugin, out: "gen" };

function readFiles(folder: string): Files {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((file) => join(file.parentPath, file.name)).sort();
  return Object.fromEntries(paths.map((path) => [relative(folder, path), readFileSync(path, "utf8")]));
}

/** The proto files of test/protos, which have one of everything that proto files can have. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import {
  create,
  createFileRegistry,
  type DescFile,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { root } from "./built.js";

/** Where they are, from the root of the repository. */
export const cornerProtos = "test/protos";

/**
 * The files of a module and all that they import, as buf builds them, without comments.
 *
 * @param module - its path, from the root of the repository
 * @param flags - more flags for `buf build`
 */
export async function buildProtos(module: string, ...flags: string[]): Promise<FileDescriptorProto[]> {
  const common = ["--as-file-descriptor-set", "--exclude-source-info", "-o", "-"];
  const image = await buf("build", module, ...common, ...flags);
  return fromBinary(FileDescriptorSetSchema, new Uint8Array(image)).file;
}

/** What a server without generated code has: descriptors made at run time. */
export async function registryOf(module: string): Promise<FileRegistry> {
  return createFileRegistry(create(FileDescriptorSetSchema, { file: await buildProtos(module) }));
}

/** A service of a registry, which must be there. */
export function serviceIn(registry: FileRegistry, name: string): DescService {
  const service = registry.getService(name);
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

/** The descriptors in the code that protoc-gen-es generates for the corner protos. */
export async function generateCorners(): Promise<DescFile[]> {
  // Inside the repository, so that the code finds its packages.
  mkdirSync(join(root, ".report"), { recursive: true });
  const dir = mkdtempSync(join(root, ".report/corner-protos-"));
  try {
    const plugin = { local: "protoc-gen-es", out: ".", opt: ["target=js", "import_extension=js"] };
    const template = JSON.stringify({ version: "v2", plugins: [plugin] });
    await buf("generate", cornerProtos, "-o", dir, "--template", template);
    return await loadFiles(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/**
 * Runs buf in the root of the repository, where it finds protoc-gen-es.
 *
 * @returns what it prints
 * @throws Error with what it complains of
 */
export async function buf(...args: string[]): Promise<Buffer> {
  const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
  const { stdout } = await promisify(execFile)("buf", args, { cwd: root, env, encoding: "buffer" });
  return stdout;
}

/** The JSON documents that buf printed one after the other. */
export function documents(text: string): unknown[] {
  return text.split(/(?<=\})\s*(?=\{)/).map((document) => JSON.parse(document));
}

async function loadFiles(dir: string): Promise<DescFile[]> {
  const files: DescFile[] = [];
  for (const path of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".js")) continue;
    const module: Record<string, unknown> = await import(pathToFileURL(join(dir, path)).href);
    files.push(...Object.values(module).filter(isFile));
  }
  return files;
}

function isFile(value: unknown): value is DescFile {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "file";
}

import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { root } from "./built.js";
import { docBlocks } from "./doc-blocks.js";

const runFile = promisify(execFile);

/** The project that is bundled: inside the repository, where the packages are found. */
export const project = join(root, ".report/bundles");

/** Whether OpenTelemetry's SDK is of the line whose packages are CommonJS alone. */
export const isSdkCommonJs = majorOf("@opentelemetry/sdk-trace") < 3;

const blocks = docBlocks("docs/bundling.md");

/** Lays out the project: the example server, as its author would have it, and the settings of docs/bundling.md. */
export function layOutProject(): void {
  rmSync(project, { recursive: true, force: true });
  mkdirSync(join(project, "node_modules"), { recursive: true });
  symlinkSync(root, join(project, "node_modules/connect-clue"), "dir");
  for (const part of ["examples/chat", "test/children/bundled"]) {
    cpSync(join(root, "dist", part), join(project, part), { recursive: true });
  }
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "server.js"), 'import "./test/children/bundled/otlp.js";\n');
  writeFileSync(join(project, "server-grpc.js"), 'import "./test/children/bundled/otlp-grpc.js";\n');
  for (const { language, name, code } of blocks) {
    if (language === "js") writeFileSync(join(project, name), code);
  }
}

/**
 * Builds one bundle, and moves it to a folder of its own outside of the repository, where no package is found.
 *
 * @param way - the name of a command in docs/bundling.md
 * @returns the path of the only file
 */
export async function bundle(way: string): Promise<string> {
  rmSync(join(project, "out"), { recursive: true, force: true });
  await build(way);
  const folder = mkdtempSync(join(tmpdir(), "bundle-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(project, "out"), folder, { recursive: true });
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  if (files.length !== 1) throw new Error(`${way} made ${files.length} files: ${files.join(", ")}`);
  return join(folder, files[0] ?? "");
}

async function build(way: string): Promise<void> {
  const command = blocks.find(({ language, name }) => language === "sh" && name === way)?.code;
  if (command === undefined) throw new Error(`docs/bundling.md has no command named ${way}`);
  const PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  await runFile("sh", ["-c", command], { cwd: project, env: { ...process.env, PATH }, timeout: 240_000 });
}

/** By its file: newer packages don't export their package.json. */
function majorOf(name: string): number {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
  return Number.parseInt(version, 10);
}

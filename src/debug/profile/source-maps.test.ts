import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";
import { profileFile, readPprof } from "../../../test/support/pprof.js";
import { mapToSources } from "./source-maps.js";

const dir = mkdtempSync(join(tmpdir(), "source-maps-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** `spin` is on line 11 of the source, and on another one of what is made of it. */
const source = `interface Gone {
  readonly a: string;
}

type AlsoGone = Gone["a"];

/**
 * Comments are gone, too.
 */

export function* spin(ms: number): Generator<AlsoGone> {
  const end = performance.now() + ms;
  while (performance.now() < end);
  yield "done";
}
`;

/** Transpiles the source to `<name>.cjs`, with a source map, and gives its path. */
function transpiled(name: string, options: ts.CompilerOptions): string {
  const fileName = join(dir, `src/${name}.cts`);
  const compilerOptions = {
    ...options,
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    removeComments: true,
  };
  const { outputText, sourceMapText } = ts.transpileModule(source, { fileName, compilerOptions });
  mkdirSync(join(dir, "out"), { recursive: true });
  const file = join(dir, "out", `${name}.cjs`);
  writeFileSync(file, outputText);
  if (sourceMapText !== undefined) {
    const map = { ...JSON.parse(sourceMapText), sourceRoot: "../src", sources: [`${name}.cts`] };
    writeFileSync(`${file}.map`, JSON.stringify(map));
  }
  return file;
}

function spinOf(file: string): (ms: number) => Generator {
  return createRequire(import.meta.url)(file).spin;
}

const toFile = { sourceMap: true };
const inFile = { inlineSourceMap: true, sourceRoot: pathToFileURL(join(dir, "src")).href };
/** Put together, as the tools that read this file would take it for its own. */
const comment = ["//#", "sourceMappingURL="].join(" ");
const mapped = inlineMap({ version: 3, sources: ["a.ts"], mappings: "AAAA" });
const sourceless = `x();\n${inlineMap({ version: 3, sources: [7], mappings: "AAAA" })}`;
const breathe = async () => {};

describe("source maps", () => {
  it("are found in the file itself, at its first line", async () => {
    const file = join(dir, "mapped.js");
    writeFileSync(file, `x();\n${mapped}`);
    const node = nodeAt(file, 0, 0, "x");
    await mapToSources([node], breathe);
    expect(node).toEqual(nodeAt(join(dir, "a.ts"), 0, 0, "x"));
  });

  it.each([
    ["beside the file", "beside", toFile],
    ["in the file", "inline", inFile],
  ])("%s move a pprof profile to the sources", async (_, name, options) => {
    const spin = spinOf(transpiled(name, options));
    const { samples } = await readPprof(
      await profileFile({ kind: "cpu", format: "pprof", durationMs: 300 }, () => spin(5).next()),
    );
    const frames = samples.flatMap(({ stack }) => stack).filter((frame) => frame.name === "spin");
    const file = join(dir, "src", `${name}.cts`);
    expect(frames[0]).toEqual({ name: "spin", file, line: 11, startLine: 11 });
    expect(new Set(frames).size).toBe(1);
  });

  it("move a CPU profile for Chrome to the sources, with the lines of its samples", async () => {
    const spin = spinOf(transpiled("chrome", toFile));
    const file = await profileFile({ kind: "cpu", format: "chrome", durationMs: 300 }, () => spin(5).next());
    const nodes: Profiler.ProfileNode[] = JSON.parse(file.toString()).nodes;
    const node = nodes.find(({ callFrame }) => callFrame.functionName === "spin");
    expect(node?.callFrame).toMatchObject({
      url: pathToFileURL(join(dir, "src/chrome.cts")).href,
      lineNumber: 10,
      columnNumber: expect.any(Number),
    });
    const lines = node?.positionTicks?.map(({ line }) => line).filter((line) => line >= 11 && line <= 15);
    expect(lines).toContain(13);
  });

  it("give functions back the names that a minifier took", async () => {
    const file = join(dir, "minified.cjs");
    // One segment: the `a` of `function a` is `original`, at line 4 of `clear.ts`.
    const map = { version: 3, sources: ["clear.ts"], names: ["original"], mappings: "SAGSA" };
    writeFileSync(file, `function a(){}\n${comment}minified.cjs.map\n`);
    writeFileSync(`${file}.map`, JSON.stringify(map));
    const node = nodeAt(file, 0, 10, "a");
    await mapToSources([node], breathe);
    expect(node.callFrame).toMatchObject({
      functionName: "original",
      url: pathToFileURL(join(dir, "clear.ts")).href,
      lineNumber: 3,
      columnNumber: 9,
    });
    const other = nodeAt(file, 0, 10, "b");
    await mapToSources([other], breathe);
    expect(other.callFrame).toMatchObject({ functionName: "b", lineNumber: 3 });
  });

  it.each([
    ["there is no file", undefined],
    ["the file has no map", "x();"],
    ["the map is missing", `x();\n${comment}nowhere.map\n`],
    ["the map is no file", `x();\n${comment}https://example.com/x.map\n`],
    ["the map's URL is none", `x();\n${comment}http://[\n`],
    ["the map is no JSON", `x();\n${comment}data:application/json,{\n`],
    ["the map is no map", `x();\n${comment}data:application/json,7\n`],
    ["the map's source is none", sourceless],
    ["the file is too large", `${" ".repeat(8 * 2 ** 20)}\n${mapped}`],
  ])("change nothing when %s", async (_, text) => {
    const file = join(dir, "broken.js");
    rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(file, text);
    const node = nodeAt(file, 0, 0, "x");
    await mapToSources([node], breathe);
    expect(node).toEqual(nodeAt(file, 0, 0, "x"));
  });

  it("change nothing in code that is in no file", async () => {
    for (const url of ["", "node:fs", "file:///%", "evalmachine.<anonymous>"]) {
      const node = { callFrame: { ...nodeAt("/", 0, 0, "x").callFrame, url } };
      await mapToSources([node], breathe);
      expect(node.callFrame).toEqual({ ...nodeAt("/", 0, 0, "x").callFrame, url });
    }
  });
});

function nodeAt(file: string, lineNumber: number, columnNumber: number, functionName: string) {
  const url = pathToFileURL(file).href;
  return { callFrame: { functionName, scriptId: "1", url, lineNumber, columnNumber } };
}

function inlineMap(map: object): string {
  return `${comment}data:application/json,${encodeURIComponent(JSON.stringify(map))}\n`;
}

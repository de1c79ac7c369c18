import { readFile, stat } from "node:fs/promises";
import type { Profiler } from "node:inspector";
import { findSourceMap, SourceMap } from "node:module";
import { isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Breathe } from "./recorder.js";

/** A node of a profile: a function, and, in CPU profiles, how often it was seen at which line, counted from 1. */
type Node = Pick<Profiler.ProfileNode, "callFrame" | "positionTicks">;

/**
 * Moves the nodes of transpiled files to the sources that those were made from, in place. What has no source map, or one
 * that cannot be read, stays as it is.
 */
export async function mapToSources(nodes: Iterable<Node>, breathe: Breathe): Promise<void> {
  const scripts = new Map<string, Script | undefined>();
  const budget = { bytes: mostBytes, scripts: mostScripts };
  for (const node of nodes) {
    const { url } = node.callFrame;
    if (!scripts.has(url)) {
      scripts.set(url, await loadScript(url, budget));
      await breathe();
    }
    const script = scripts.get(url);
    if (script !== undefined) moveToSource(node, script);
  }
}

/** What is read at most for one profile. A map is parsed at once: 0.1 to 0.2 s for each megabyte of its mappings. */
const mostScripts = 500;
const mostBytes = 64 * 2 ** 20;
const mostBytesOfFile = 8 * 2 ** 20;

interface Budget {
  bytes: number;
  scripts: number;
}

/** A transpiled file. */
interface Script {
  readonly map: SourceMap;
  /** What relative names of sources are relative to. */
  readonly base: string;
  /** Its text, where it was read. */
  readonly lines: readonly string[] | undefined;
}

function moveToSource({ callFrame, positionTicks }: Node, { map, base, lines }: Script): void {
  const entry: Partial<Entry> = map.findEntry(callFrame.lineNumber, callFrame.columnNumber);
  const url = sourceUrl(entry, base, map);
  if (url === undefined) return;
  const { generatedLine = 0, generatedColumn = 0, originalLine = 0, originalColumn = 0, name } = entry;
  // A name belongs to the function only where the text has the function's own name.
  const { functionName } = callFrame;
  const isItsName = functionName !== "" && lines?.[generatedLine]?.startsWith(functionName, generatedColumn);
  if (typeof name === "string" && isItsName) callFrame.functionName = name;
  callFrame.url = url;
  callFrame.lineNumber = originalLine;
  callFrame.columnNumber = originalColumn;
  for (const tick of positionTicks ?? []) tick.line = sourceLine(map, tick.line);
}

/** The source's line of a line, both counted from 1: that of the last thing on it. */
function sourceLine(map: SourceMap, line: number): number {
  const entry: Partial<Entry> = map.findEntry(line - 1, Number.MAX_SAFE_INTEGER);
  return entry.originalLine === undefined ? line : entry.originalLine + 1;
}

interface Entry {
  readonly generatedLine: number;
  readonly generatedColumn: number;
  readonly originalSource: string;
  readonly originalLine: number;
  readonly originalColumn: number;
  readonly name: string;
}

function sourceUrl(
  { originalSource }: Partial<Entry>,
  base: string,
  { payload }: SourceMap,
): string | undefined {
  if (typeof originalSource !== "string") return undefined;
  if (isAbsolute(originalSource)) return pathToFileURL(originalSource).href;
  // A root is a folder, with or without a slash at its end.
  const root = String(payload.sourceRoot ?? "").replace(/[^/]$/, "$&/");
  const source = `${root}${originalSource}`;
  return URL.canParse(source, base) ? new URL(source, base).href : undefined;
}

async function loadScript(url: string, budget: Budget): Promise<Script | undefined> {
  try {
    const file = fileOf(url);
    if (file === undefined) return undefined;
    const map = findSourceMap(file);
    if (map !== undefined) return { map, base: pathToFileURL(file).href, lines: undefined };
    if (budget.scripts-- <= 0) return undefined;
    return await readScript(file, budget);
  } catch {
    return undefined;
  }
}

async function readScript(file: string, budget: Budget): Promise<Script | undefined> {
  const text = await readBounded(file, budget);
  const comment = "\n//# sourceMappingURL=";
  const at = text.lastIndexOf(comment);
  if (at < 0) return undefined;
  const mapUrl = new URL(/^\S*/.exec(text.slice(at + comment.length))?.[0] ?? "", pathToFileURL(file));
  const json =
    mapUrl.protocol === "data:" ? dataOf(mapUrl.href) : await readBounded(fileURLToPath(mapUrl), budget);
  const base = mapUrl.protocol === "data:" ? pathToFileURL(file).href : mapUrl.href;
  return { map: new SourceMap(JSON.parse(json)), base, lines: text.split("\n") };
}

async function readBounded(file: string, budget: Budget): Promise<string> {
  const { size } = await stat(file);
  if (size > mostBytesOfFile || size > budget.bytes) throw new RangeError(`${file} is too large`);
  budget.bytes -= size;
  return readFile(file, "utf8");
}

function dataOf(url: string): string {
  const comma = url.indexOf(",");
  const data = url.slice(comma + 1);
  const isBase64 = url.slice(0, comma).endsWith(";base64");
  return isBase64 ? Buffer.from(data, "base64").toString() : decodeURIComponent(data);
}

function fileOf(url: string): string | undefined {
  if (isAbsolute(url)) return url;
  return url.startsWith("file:") ? fileURLToPath(url) : undefined;
}

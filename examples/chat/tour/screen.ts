import type { LogLine } from "./log-lines.js";

const inColour = process.stdout.isTTY === true && !process.env.NO_COLOR;

/** Begins a chapter. */
export function title(text: string): void {
  print(`\n${paint("1", text)}`);
}

/** Explains. */
export function say(text: string): void {
  print(`  ${text}`);
}

/** Shows the lines of a log; of many, the first and the last ones. */
export function show(whose: string, lines: readonly LogLine[]): void {
  print(paint("2", `  ${whose}'s log:`));
  const isLong = lines.length > 8;
  for (const line of isLong ? lines.slice(0, 4) : lines) showLine(line);
  if (!isLong) return;
  print(paint("2", `  | … ${lines.length - 6} more lines`));
  for (const line of lines.slice(-2)) showLine(line);
}

/** Shows a text of several lines as it is. */
export function showText(text: string): void {
  for (const line of text.trimEnd().split("\n")) print(`  | ${line}`);
}

/** Says what was seen just now. */
export function seen(text: string): void {
  print(`  ${paint("32", "seen")} ${text}`);
}

/** Says what went wrong, and makes the process end with exit code 1. */
export function fail(error: unknown): void {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

const colours: Readonly<Record<string, string>> = { info: "34", warn: "33", error: "31" };

function showLine({ text, fields }: LogLine): void {
  print(`  | ${paint(colours[fields.level ?? ""] ?? "0", shortened(text))}`);
}

function shortened(line: string): string {
  return line.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) =>
    quoted.length > 60 ? `${firstLine(quoted)}…"` : quoted,
  );
}

function firstLine(quoted: string): string {
  return quoted.slice(0, 60).split("\\n")[0] ?? "";
}

function paint(colour: string, text: string): string {
  return inColour ? `\u001b[${colour}m${text}\u001b[0m` : text;
}

function print(line: string): void {
  console.log(line);
}

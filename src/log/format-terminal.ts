import { textKey, textValue } from "./format-text.js";
import type { LogEntry, Severity } from "./types.js";

const reset = "\u001b[0m";
const looks: Readonly<Record<Severity, { readonly colour: string; readonly code: string }>> = {
  debug: { colour: "\u001b[37m", code: "DEBG" },
  info: { colour: "\u001b[34m", code: "INFO" },
  warn: { colour: "\u001b[33m", code: "WARN" },
  error: { colour: "\u001b[1;31m", code: "ERRO" },
};

/**
 * Formats a line in colour for people at a terminal: `INFO[0042] msg="saying hi" to=bob`, where 42 is the
 * time of the line in seconds since the process started. Values are escaped as `formatText` does.
 *
 * @param entry - what to print
 */
export function formatTerminal(entry: LogEntry): string {
  const { colour, code } = looks[entry.severity];
  let line = `${colour}${code}${reset}[${secondsSinceStart(entry.time)}]`;
  for (const [key, value] of entry.fields) line += ` ${colour}${textKey(key)}${reset}=${textValue(value)}`;
  return line;
}

function secondsSinceStart(ms: number): string {
  const seconds = Math.floor((ms - performance.timeOrigin) / 1000);
  return `${Math.max(seconds, 0) || 0}`.padStart(4, "0");
}

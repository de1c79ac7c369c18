import { type RenderFields, rendered } from "./entry.js";
import { textKey, textValue } from "./format-text.js";
import type { Field, LogEntry, Severity } from "./types.js";

const reset = "\u001b[0m";
const looks: Readonly<Record<Severity, { readonly head: string; readonly fields: RenderFields }>> = {
  debug: look("\u001b[37m", "DEBG"),
  info: look("\u001b[34m", "INFO"),
  warn: look("\u001b[33m", "WARN"),
  error: look("\u001b[1;31m", "ERRO"),
};

/**
 * Formats a line in colour for people at a terminal: `INFO[0042] msg="saying hi" to=bob`, where 42 is the
 * time of the line in seconds since the process started. Values are escaped as `formatText` does.
 *
 * @param entry - what to print
 */
export function formatTerminal(entry: LogEntry): string {
  const { head, fields } = looks[entry.severity];
  return `${head}[${secondsSinceStart(entry.time)}]${rendered(entry, fields)}`;
}

// Bundles without this format leave its looks out.
/* @__NO_SIDE_EFFECTS__ */
function look(colour: string, code: string): { readonly head: string; readonly fields: RenderFields } {
  const field = ([key, value]: Field) => ` ${colour}${textKey(key)}${reset}=${textValue(value)}`;
  return { head: `${colour}${code}${reset}`, fields: (fields) => fields.map(field).join("") };
}

function secondsSinceStart(ms: number): string {
  const seconds = Math.floor((ms - performance.timeOrigin) / 1000);
  return `${Math.max(seconds, 0) || 0}`.padStart(4, "0");
}

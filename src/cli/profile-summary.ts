import type { FormatName, KindName, ProfileKind } from "./profile-kinds.js";
import type { Screen } from "./screen.js";
import { type Column, tableOf } from "./table.js";
import type { FunctionShare, Summary } from "./top-functions.js";

const maxFunctions = 15;
const barWidth = 20;

/**
 * The functions in which most was measured, as a table with bars.
 *
 * @param measures - what was measured
 */
export function textOf(
  screen: Screen,
  { what, format }: NonNullable<ProfileKind["measures"]>,
  { total, functions }: Summary,
): string {
  const share = (value: number): string => `${((value / total) * 100).toFixed(1)}%`;
  const columns: readonly Column<FunctionShare>[] = [
    { heading: "SELF", align: "right", cell: ({ self }) => format(self) },
    { heading: "", align: "right", cell: ({ self }) => share(self) },
    { heading: "TOTAL", align: "right", cell: ({ total }) => share(total) },
    { heading: "", cell: ({ self }) => bar(self / total) },
    { heading: "FUNCTION", cell: ({ name }) => name },
    { heading: "AT", cell: ({ file, line }) => place(file, line) },
  ];
  const shown = functions.filter(({ self }) => self > 0).slice(0, maxFunctions);
  if (shown.length === 0) return `${what}: nothing was measured`;
  return `\n${what}: ${format(total)}\n\n${tableOf(screen, columns, shown)}`;
}

/** The same as JSON, with the numbers as they are: nanoseconds or bytes. */
export function jsonOf(
  kind: KindName,
  format: FormatName,
  file: string,
  size: number,
  summary: Summary | undefined,
): object {
  const { total, functions } = summary ?? {};
  return { kind, format, file, size, total, functions: functions?.slice(0, maxFunctions) };
}

/** In eighths of a character. */
function bar(share: number): string {
  const eighths = Math.round(share * barWidth * 8);
  return "█".repeat(Math.floor(eighths / 8)) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
}

function place(file: string, line: number): string {
  const path = file.replace(/^file:\/\//, "");
  return path === "" || line === 0 ? path : `${path}:${line}`;
}

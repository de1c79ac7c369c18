import { type Figure, verdict } from "./figure.js";
import type { Estimate } from "./statistics.js";

/** Rows of text under a title. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table in Markdown, aligned so that it can be read as it is. */
export function formatTable({ title, header, rows }: Table): string {
  const widths = header.map((name, column) =>
    Math.max(...[name, ...rows.map((row) => row[column] ?? "")].map((cell) => cell.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [`### ${title}`, "", line(header), rule, ...rows.map(line), ""].join("\n");
}

/**
 * The table of figures and goals.
 *
 * @param meaningful - false for a smoke run: nothing is said to be reached
 */
export function goalTable(figures: readonly Figure[], meaningful: boolean): Table {
  return {
    title: "Goals",
    header: ["figure", "measured (95 % interval)", "goal", "reached"],
    rows: figures.map((figure) => [
      figure.name,
      `${interval(figure.measured, (value) => value.toFixed(2))}${suffixes[figure.unit]}`,
      formatGoal(figure),
      meaningful ? verdict(figure) : "",
    ]),
  };
}

/** A median with its interval. */
export function interval({ median, low, high }: Estimate, format: (value: number) => string): string {
  return `${format(median)} (${format(low)} to ${format(high)})`;
}

function formatGoal({ goal, unit }: Figure): string {
  if (goal === undefined) return "";
  const [sign, limit] = "atMost" in goal ? ["≤", goal.atMost] : ["≥", goal.atLeast];
  return `${sign} ${limit}${suffixes[unit]}`;
}

const suffixes: Readonly<Record<Figure["unit"], string>> = {
  ratio: "",
  µs: " µs",
  times: " times",
  bytes: " bytes",
};

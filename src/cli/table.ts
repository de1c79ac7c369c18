import Table from "cli-table3";
import { safeText } from "../call/logfmt.js";
import type { Screen } from "./screen.js";

/** A column: its heading, and what stands in it. Numbers and the like go to the right. */
export interface Column<T> {
  readonly heading: string;
  readonly align?: "right";
  readonly cell: (row: T) => string;
}

/**
 * Rows as a table without lines around it. What is in the cells is made safe; a column without content is left out.
 *
 * @param screen - decides about colours
 */
export function tableOf<T>(screen: Screen, columns: readonly Column<T>[], rows: readonly T[]): string {
  const filled = columns
    .map((column) => ({ ...column, cells: rows.map((row) => safeText(column.cell(row))) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const table = new Table({
    chars: noLines,
    colAligns: filled.map(({ align }) => align ?? "left"),
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  table.push(filled.map(({ heading }) => screen.styled("bold", heading)));
  rows.forEach((_, i) => {
    table.push(filled.map(({ cells }) => cells[i] ?? ""));
  });
  return table.toString().replace(/ +$/gm, "");
}

const noLines = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

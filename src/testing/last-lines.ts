/** The last lines of many, indented for an error to show, and how many there were before them. */
export function lastLines(lines: readonly string[]): string {
  const shown = lines.slice(-mostLines).map((line) => `  ${line}`);
  const more = lines.length - shown.length;
  return (more > 0 ? [`  … ${more} before these`, ...shown] : shown).join("\n");
}

const mostLines = 20;

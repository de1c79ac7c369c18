/** Puts a colour or another look on a text: `31` is red, `1` bold, `2` dim. */
export type Paint = (look: string, text: string) => string;

/** Paints where colours are wanted; else leaves texts as they are. */
export function painter(colors: boolean): Paint {
  return (look, text) => (colors && text !== "" ? `\u001b[${look}m${text}\u001b[0m` : text);
}

/**
 * A text that can neither steer the terminal nor break a line: what is no visible character is escaped, and what is
 * longer than `maxSize` characters cut.
 */
export function printable(text: string, maxSize: number): string {
  // One character takes one or two units: what is beyond twice the size need not be looked at.
  const all = [...text.slice(0, 2 * maxSize + 2).replace(invisible, escapeCharacter)];
  return all.length <= maxSize ? all.join("") : `${all.slice(0, maxSize - 1).join("")}…`;
}

/** How many columns a text takes. */
export function columns(text: string): number {
  return [...text].length;
}

/** Fills a text up with blanks. */
export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - columns(text)));
}

/** A duration with three digits that count: `420 µs`, `12.4 ms`, `1.50 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < 0.9995) return `${digits(ms * 1000)} µs`;
  if (ms < 999.5) return `${digits(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${digits(ms / 1000)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** When something was within a span of time, as a piece of a line of `width` columns. */
export function bar(start: number, end: number, total: number, width: number): string {
  const scale = total > 0 ? width / total : 0;
  const from = Math.min(Math.floor(start * scale), width - 1);
  const to = Math.min(Math.max(Math.round(end * scale), from + 1), width);
  return " ".repeat(from) + "━".repeat(to - from);
}

function digits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** Controls, marks that turn the direction of reading, halves of characters and the like. */
const invisible = /[\p{C}\u2028\u2029]/gu;

function escapeCharacter(character: string): string {
  const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  return short ?? `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

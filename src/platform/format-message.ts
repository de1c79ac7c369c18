const directive = /%[sdifjoOc%]/g;

/**
 * Formats a message as `console.log` does, without Node. Never throws: a value that can't be read is told as such.
 *
 * @param format - text with `%s`, `%d`, `%i`, `%f`, `%j`, `%o`, `%O`, `%c` and `%%`
 * @param args - the values; those without a place in `format` are appended
 */
export function formatPlainly(format: string, args: readonly unknown[]): string {
  if (args.length === 0) return format;
  let used = 0;
  const message = format.replace(directive, (found) => {
    if (found === "%%") return "%";
    return used < args.length ? guarded(found, args[used++]) : found;
  });
  return [message, ...args.slice(used).map((arg) => guarded("%s", arg))].join(" ");
}

function guarded(found: string, arg: unknown): string {
  try {
    return formatted(found, arg);
  } catch {
    return "[unreadable]";
  }
}

function formatted(found: string, arg: unknown): string {
  switch (found) {
    case "%d":
      return typeof arg === "bigint" ? `${arg}n` : number(arg, Number);
    case "%i":
      return typeof arg === "bigint" ? `${arg}n` : number(arg, Number.parseInt);
    case "%f":
      return number(arg, Number.parseFloat);
    case "%c":
      return "";
    case "%s":
      return text(arg);
    default:
      return json(arg);
  }
}

/** Node shows an object as `NaN` here, and so does this: its `valueOf` is not asked. */
function number(arg: unknown, parse: (text: string) => number): string {
  const isPlain = typeof arg !== "symbol" && (typeof arg !== "object" || arg === null);
  return `${isPlain ? parse(arg as string) : Number.NaN}`;
}

function text(arg: unknown): string {
  if (typeof arg === "bigint") return `${arg}n`;
  if (arg instanceof Error) return `${arg.stack ?? arg}`;
  return typeof arg === "object" && arg !== null ? json(arg) : String(arg);
}

function json(arg: unknown): string {
  return JSON.stringify(arg) ?? String(arg);
}

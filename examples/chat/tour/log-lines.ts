/** One line of a log in the text format. */
export interface LogLine {
  readonly text: string;
  /** Its keys and values. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The lines of a log as they arrive. It is a sink for a logger, and takes a stream's chunks as well. */
export class LogLines {
  private lines: LogLine[] = [];
  private rest = "";
  private arrived: (() => void) | undefined;

  write(text: string): void {
    const parts = (this.rest + text).split("\n");
    this.rest = parts.pop() ?? "";
    this.lines.push(...parts.map((line) => ({ text: line, fields: fieldsOf(line) })));
    this.arrived?.();
  }

  /** Takes all lines that are there. */
  takeAll(): LogLine[] {
    return this.lines.splice(0);
  }

  /**
   * Waits until there is a line with this message, and takes all lines up to it.
   *
   * @throws Error when none comes within 5 seconds
   */
  async takeUpTo(message: string): Promise<LogLine[]> {
    const deadline = performance.now() + 5000;
    for (;;) {
      const at = this.lines.findIndex(({ fields }) => fields.msg === message);
      if (at >= 0) return this.lines.splice(0, at + 1);
      if (performance.now() > deadline) throw new Error(this.complaint(message));
      await this.nextArrival(deadline - performance.now());
    }
  }

  private nextArrival(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private complaint(message: string): string {
    const found = this.lines.length === 0 ? "nothing" : this.lines.map(({ text }) => `\n  ${text}`).join("");
    return `expected a log line with msg=${message} within 5 seconds, saw ${found}`;
  }
}

/** The messages of some lines, in order. */
export function messagesOf(lines: readonly LogLine[]): (string | undefined)[] {
  return lines.map(({ fields }) => fields.msg);
}

/** The different values that some lines have under a key. */
export function valuesOf(lines: readonly LogLine[], key: string): (string | undefined)[] {
  return [...new Set(lines.map(({ fields }) => fields[key]))];
}

/** Reads a line of the text format. Every quoted value of it is a JSON string. */
function fieldsOf(line: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, key = "", value = ""] of line.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)/g)) {
    fields[key] = value.startsWith('"') ? JSON.parse(value) : value;
  }
  return fields;
}

import { readFileSync } from "node:fs";

/** What something throws, or rejects with. */
export async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("it threw nothing");
}

/**
 * The error that something throws or rejects with, as text. In place of a line of this repository it has what is called
 * there: `added at <add("say")>`.
 */
export async function problemOf(act: () => unknown): Promise<string> {
  return withCode(String(await thrownBy(act)));
}

/** A text with the code that its places name in place of these. */
export function withCode(text: string): string {
  return text.replace(/([\w./-]+\.ts):(\d+):(\d+)/g, (_place, path: string, line: string, column: string) => {
    const code =
      readFileSync(path, "utf8")
        .split("\n")
        [Number(line) - 1]?.slice(Number(column) - 1) ?? "";
    const [, name, method] = /^(\w+)(?:\("(\w+)")?/.exec(code) ?? [];
    return method === undefined ? `<${name}>` : `<${name}("${method}")>`;
  });
}

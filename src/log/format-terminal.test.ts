import { ROOT_CONTEXT } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTerminal } from "./format-terminal.js";
import { defaultKeys } from "./keys.js";
import type { Field, LogEntry, Severity } from "./types.js";

function entry(severity: Severity, seconds: number, ...fields: Field[]): LogEntry {
  const time = performance.timeOrigin + seconds * 1000 + 1;
  return { time, severity, ctx: ROOT_CONTEXT, keys: defaultKeys, fields };
}

describe("formatTerminal", () => {
  it.each<[Severity, string, string]>([
    ["debug", "\u001b[37m", "DEBG"],
    ["info", "\u001b[34m", "INFO"],
    ["warn", "\u001b[33m", "WARN"],
    ["error", "\u001b[1;31m", "ERRO"],
  ])("colours %s", (severity, colour, code) => {
    expect(formatTerminal(entry(severity, 42, ["msg", "saying hi"], ["n", 1]))).toBe(
      `${colour}${code}\u001b[0m[0042] ${colour}msg\u001b[0m="saying hi" ${colour}n\u001b[0m=1`,
    );
  });

  it.each([
    [0, "0000"],
    [-5, "0000"],
    [12_345, "12345"],
    [Number.NaN, "0000"],
  ])("prints %d seconds as %s", (seconds, printed) => {
    expect(formatTerminal(entry("info", seconds))).toBe(`\u001b[34mINFO\u001b[0m[${printed}]`);
  });

  it("lets no value and no key steer the terminal", () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(..."\u001b\u009b\n\r\u0008\u202e"), fc.string()),
    });
    fc.assert(
      fc.property(text, text, (key, value) => {
        const line = formatTerminal(entry("info", 1, [key, value]));
        const plain = line.replaceAll("\u001b[34m", "").replaceAll("\u001b[0m", "");
        expect(plain).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e]/u);
        expect(line.split("\u001b").length).toBe(5);
      }),
    );
  });
});

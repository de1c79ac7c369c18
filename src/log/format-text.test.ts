import { ROOT_CONTEXT } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatText } from "./format-text.js";
import { defaultKeys } from "./keys.js";
import type { Field, LogEntry } from "./types.js";
import { Json } from "./value.js";

const noLine = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

function entry(...fields: Field[]): LogEntry {
  return { time: 1e12 + 4, severity: "info", ctx: ROOT_CONTEXT, keys: defaultKeys, fields };
}

function printed(...fields: Field[]): string {
  return formatText(entry(...fields)).slice("time=2001-09-09T01:46:40.004Z level=info ".length);
}

describe("formatText", () => {
  it("writes logfmt", () => {
    expect(formatText(entry(["msg", "saying hi"], ["to", "bob"], ["n", 1]))).toBe(
      'time=2001-09-09T01:46:40.004Z level=info msg="saying hi" to=bob n=1',
    );
  });

  it("takes other keys, and no fields at all", () => {
    const line = formatText({
      ...entry(),
      time: Number.NaN,
      keys: { ...defaultKeys, time: "at", severity: "how bad" },
    });
    expect(line).toBe("at=invalid how_bad=info");
  });

  it("writes every kind of value", () => {
    expect(
      printed(
        ["a", true],
        ["b", null],
        ["c", 12n],
        ["d", new Date(0)],
        ["e", new Json('{"a":1}', false)],
        ["f", [1, "b", [null]]],
        ["g", ["x y"]],
        ["h", Number.NaN],
        ["i", new Date(Number.NaN)],
      ),
    ).toBe(
      'a=true b=null c=12 d=1970-01-01T00:00:00.000Z e="{\\"a\\":1}" f=[1,b,[null]] g="[x y]" h=NaN i=invalid',
    );
  });

  it.each([
    ["", '""'],
    ["a b", '"a b"'],
    ["a=b", '"a=b"'],
    ['a"b', '"a\\"b"'],
    ["a\\b", '"a\\\\b"'],
    ["a\nb\rc\td", '"a\\nb\\rc\\td"'],
    ["\u0000\u001b[31m\u007f\u009b", '"\\u0000\\u001b[31m\\u007f\\u009b"'],
    ["\u2028\u202e\u2066\ufeff\u061c\u200f", '"\\u2028\\u202e\\u2066\\ufeff\\u061c\\u200f"'],
    ["\ud83dx\ude00", '"\\ud83dx\\ude00"'],
    ["a\u00a0b", '"a\u00a0b"'],
    ["größe😀", "größe😀"],
  ])("quotes and escapes %j", (value, expected) => {
    expect(printed(["k", value])).toBe(`k=${expected}`);
  });

  it("makes a usable key of any text", () => {
    expect(printed(["", 1], ["a b", 2], ['"=\n', 3], ["\u202e😀", 4])).toBe("_=1 a_b=2 ___=3 _😀=4");
  });

  it("is one line that gives back what was put in", () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(...'\n\r\u001b\u2028\ud800\udc00"= \\'), fc.string()),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (fields) => {
        const line = formatText(entry(...fields));
        expect(line).not.toMatch(noLine);
        expect(parse(line).slice(2)).toEqual(fields.map(([key, value]) => [usable(key), value]));
      }),
      { numRuns: 1000 },
    );
  });
});

function usable(key: string): string {
  return key.replace(/[\s="]/gu, "_").replace(new RegExp(noLine, "gu"), "_") || "_";
}

/** Reads logfmt as a collector would: keys end at `=`, bare values at a space, quoted ones at their quote. */
function parse(line: string): [string, string][] {
  const pair = /([^ ="]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |$)/uy;
  const pairs: [string, string][] = [];
  while (pair.lastIndex < line.length) {
    const found = pair.exec(line);
    if (found === null) throw new Error(`no logfmt: ${line}`);
    const [, key = "", value = ""] = found;
    pairs.push([key, value.startsWith('"') ? (JSON.parse(value) as string) : value]);
  }
  return pairs;
}

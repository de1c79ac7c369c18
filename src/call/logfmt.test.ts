import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { safeText } from "./logfmt.js";

describe("safeText", () => {
  it.each([
    ['plain text, with "quotes" and \\', 'plain text, with "quotes" and \\'],
    ["\u001b[31mred\u0007", "\\u001b[31mred\\u0007"],
    ["one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"],
    ["\u009b2J\u202eabc\u2028\ufeff", "\\u009b2J\\u202eabc\\u2028\\ufeff"],
    ["half \ud800 of 😀", "half \\ud800 of 😀"],
  ])("%j is %s", (text, safe) => {
    expect(safeText(text)).toBe(safe);
  });

  it("leaves JSON the same data", () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: "binary" }), (json) => {
        const safe = safeText(JSON.stringify(JSON.parse(json)));
        expect(JSON.parse(safe)).toEqual(JSON.parse(json));
        expect(safe).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u);
      }),
    );
  });
});

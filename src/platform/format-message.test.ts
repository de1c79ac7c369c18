import { format } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPlainly } from "./format-message.js";

describe("formatPlainly", () => {
  it.each<[string, unknown[]]>([
    ["a %s %d %i %f %j %c %%|", ["s", 1.5, 1.5, "2.5", { a: 1 }, "css"]],
    ["100%%", []],
    ["%s", []],
    ["%s %s", ["one"]],
    ["%s %d %i", [1n, 2n, 3n]],
    ["%s %s %s %s", [null, undefined, true, Symbol("s")]],
    ["%d %d %d %d %i", [{}, "0x10", Symbol("s"), null, "12px"]],
    ["x", ["y", 2, null, 3n]],
    ["%x", [1]],
  ])("formats %j as util.format does", (text, args) => {
    expect(formatPlainly(text, args)).toBe(format(text, ...args));
  });

  it("shows objects as JSON and errors with their stack", () => {
    const error = new Error("boom");
    expect(formatPlainly("%o %O %s", [{ a: 1 }, [1], { b: 2 }, error])).toBe(
      `{"a":1} [1] {"b":2} ${error.stack}`,
    );
  });

  it("names what it can't read", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const text = formatPlainly("%j %s", [circular, revoked.proxy, "c"]);
    expect(text).toBe("[unreadable] [unreadable] c");
  });

  it("never throws", () => {
    const directive = fc.constantFrom("%s", "%d", "%i", "%f", "%j", "%o", "%O", "%c", "%%", "%", " text ");
    const texts = fc.array(directive).map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.anything({ withNullPrototype: true, withBigInt: true })),
        (text, args) => {
          expect(typeof formatPlainly(text, args)).toBe("string");
        },
      ),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { element } from "./xml.js";

describe("element", () => {
  it("has a text or elements within", () => {
    expect(element("a", [element("b", "c"), element("d", []), element("e", "")]).xml).toBe(
      "<a><b>c</b><d></d><e></e></a>",
    );
  });

  it.each([
    ["postgres", "postgres"],
    ["chat.v1-b_c", "chat.v1-b_c"],
    ["Größe", "Gr__e"],
    ["鍵", "_"],
    ["user db", "user_db"],
    ["a:b/c", "a_b_c"],
    ["1st", "_1st"],
    ["-a", "_-a"],
    ["", "_"],
    ["<x>", "_x_"],
    ["💾", "_"],
    ["a\ud800", "a_"],
  ])("makes a name of %j: %s", (name, tag) => {
    expect(element(name, "").xml).toBe(`<${tag}></${tag}>`);
  });

  it("escapes texts, and replaces what XML can't hold", () => {
    expect(element("a", `<b c="d" e='f'>&amp;\0\ud800\uffff\t\n💾</b>`).xml).toBe(
      "<a>&#60;b c=&#34;d&#34; e=&#39;f&#39;&#62;&#38;amp;\ufffd\ufffd\ufffd\t\n💾&#60;/b&#62;</a>",
    );
  });

  it("is one well-formed element, whatever its name and text", () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const text = fc.string({ unit });
    fc.assert(
      fc.property(text, text, (name, content) => {
        const { xml } = element(name, content);
        expect(xml).toMatch(/^<([a-z_][\w.-]*)>(?:[^<>&\0]|&#\d+;)*<\/\1>$/iu);
      }),
    );
  });
});

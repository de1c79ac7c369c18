import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { preferredType } from "./accept.js";

const offers = ["application/json", "application/xml", "text/xml"] as const;

describe("preferredType", () => {
  it.each([
    ["", "application/json"],
    ["*/*", "application/json"],
    ["application/json", "application/json"],
    ["application/xml", "application/xml"],
    ["text/xml", "text/xml"],
    ["TEXT/XML", "text/xml"],
    ["text/*", "text/xml"],
    ["application/*", "application/json"],
    ["text/plain", "application/json"],
    ["application/json, application/xml", "application/json"],
    ["application/xml, application/json", "application/json"],
    ["application/json;q=0.5, application/xml", "application/xml"],
    ["application/json;q=0.5, application/xml;q=0.4", "application/json"],
    ["application/json ; q=0 , */* ; q=0.1", "application/xml"],
    ["*/*;q=0", "application/json"],
    ["text/xml;q=1.000", "text/xml"],
    ["application/json;Q=0.001,text/xml;charset=utf-8;q=0.002", "text/xml"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml"],
    // A weight that is none makes a range that is none.
    ["application/xml;q=2", "application/json"],
    ["application/xml;q=0.1234", "application/json"],
    ["application/xml;q=-1", "application/json"],
    ["application/xml;q=", "application/json"],
    // Commas and semicolons in quotes part nothing.
    ['application/xml;x="a,b;\\";";q=0.1, application/json;q=0.2', "application/json"],
    ['application/xml;x=",application/json;q=0.9', "application/xml"],
    [",,;;,", "application/json"],
  ])("%s: %s", (accept, type) => {
    expect(preferredType(accept, offers)).toBe(type);
  });

  it("finds the type with the greatest weight in any order, with any spaces", () => {
    const weight = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);
    const space = fc.constantFrom("", " ", "\t", "  ");
    fc.assert(
      fc.property(
        fc.uniqueArray(weight, { minLength: 3, maxLength: 3 }),
        fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        space,
        (weights, order, gap) => {
          const range = (i: number) => `${offers[i]}${gap};${gap}q=${weights[i]?.toFixed(3)}`;
          const best = weights.indexOf(Math.max(...weights));
          expect(preferredType(order.map(range).join(`${gap},${gap}`), offers)).toBe(offers[best]);
        },
      ),
    );
  });

  it("answers whatever comes", () => {
    const pieces = fc.array(
      fc.constantFrom(...offers, "*/*", "q=", ";", ",", '"', "\\", "1", "0.", " ", "\u2028"),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((all) => all.join("")),
        ),
        (accept) => {
          expect(offers).toContain(preferredType(accept, offers));
        },
      ),
    );
  });
});

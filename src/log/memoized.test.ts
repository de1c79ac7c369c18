import { describe, expect, it } from "vitest";
import { memoized } from "./memoized.js";

function counting() {
  const asked: string[] = [];
  const fn = memoized((text) => {
    asked.push(text);
    return text.toUpperCase();
  });
  return { asked, fn };
}

describe("memoized", () => {
  it("asks once for each text", () => {
    const { asked, fn } = counting();
    expect([fn("a"), fn("b"), fn("a")]).toEqual(["A", "B", "A"]);
    expect(asked).toEqual(["a", "b"]);
  });

  it("remembers no long texts", () => {
    const { asked, fn } = counting();
    const long = "x".repeat(65);
    fn(long);
    fn(long);
    expect(asked).toEqual([long, long]);
  });

  it("forgets when there are too many", () => {
    const { asked, fn } = counting();
    for (let i = 0; i <= 1000; i++) fn(`${i}`);
    fn("1000");
    fn("0");
    expect(asked.slice(-2)).toEqual(["1000", "0"]);
  });
});

import { createTraceState } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { otValue, withoutThreshold, withThreshold } from "./ot-state.js";

const state = createTraceState;

describe("the ot member of a tracestate", () => {
  it.each([
    ["", undefined],
    ["vendor=th:c", undefined],
    ["ot=th:c", "c"],
    ["vendor=x,ot=rv:0123456789abcd;th:c8", "c8"],
    ["ot=xth:1;th:2", "2"],
    ["ot=th:", ""],
    ["ot=th", undefined],
  ])("%s: the threshold is %s", (text, threshold) => {
    expect(otValue(state(text), "th")).toBe(threshold);
  });

  it.each([
    ["", "ot=th:c"],
    ["vendor=x,other=y", "ot=th:c,vendor=x,other=y"],
    ["vendor=x,ot=rv:0123456789abcd", "ot=rv:0123456789abcd;th:c,vendor=x"],
    ["ot=th:8;rv:0123456789abcd", "ot=rv:0123456789abcd;th:c"],
  ])("%s with a threshold: %s", (before, after) => {
    expect(withThreshold(state(before), "c").serialize()).toBe(after);
  });

  it.each([
    ["vendor=x", "vendor=x"],
    ["vendor=x,ot=rv:0123456789abcd", "vendor=x,ot=rv:0123456789abcd"],
    ["ot=th:c,vendor=x", "vendor=x"],
    ["ot=th:c", ""],
    ["vendor=x,ot=th:c;rv:0123456789abcd", "ot=rv:0123456789abcd,vendor=x"],
  ])("%s without a threshold: %s", (before, after) => {
    expect(withoutThreshold(state(before)).serialize()).toBe(after);
  });

  it("is not copied when there is no threshold to take out", () => {
    const without = state("ot=rv:0123456789abcd");
    expect(withoutThreshold(without)).toBe(without);
  });

  it("never grows beyond 256 characters: the threshold is what gives way, and the old one goes", () => {
    const others = `x:${"a".repeat(248)}`;
    expect(withThreshold(state(`ot=${others}`), "c8").serialize()).toBe(`ot=${others};th:c8`);
    expect(withThreshold(state(`ot=${others}`), "c81").serialize()).toBe(`ot=${others}`);
    expect(withThreshold(state(`ot=th:1;${others}`), "c81").serialize()).toBe(`ot=${others}`);
  });
});

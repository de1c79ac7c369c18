import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.js";

describe("parseDuration", () => {
  it.each([
    ["300ms", 300],
    ["10s", 10_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1.5h", 5_400_000],
    ["0.5ms", 0.5],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "10",
    "s",
    "0s",
    "-1s",
    "1d",
    "1h30m",
    " 1s",
    "1 s",
    "1e3s",
    ".5s",
    "Infinitys",
    "1S",
    "600h",
    `${"9".repeat(400)}s`,
  ])("takes %j for no duration", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("formatDuration", () => {
  it.each([
    [-5, "0s"],
    [Number.NaN, "0s"],
    [0, "0s"],
    [0.42, "0.4ms"],
    [7, "7ms"],
    [320.4, "320ms"],
    [999.4, "999ms"],
    [999.5, "1s"],
    [9840, "9.8s"],
    [59_949, "59.9s"],
    [59_950, "1m00s"],
    [245_000, "4m05s"],
    [3_599_499, "59m59s"],
    [3_599_500, "1h00m"],
    [11_220_000, "3h07m"],
    [86_399_000, "1d00h"],
    [187_200_000, "2d04h"],
  ])("tells %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

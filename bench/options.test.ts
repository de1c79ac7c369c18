import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.js";

const names = ["unary", "log"];

describe("parseOptions", () => {
  it("runs everything thoroughly when nothing is said", () => {
    expect(parseOptions([], names)).toEqual({
      smoke: false,
      only: names,
      json: undefined,
      rounds: 30,
      help: false,
    });
  });

  it("takes all that it is told", () => {
    const args = ["--only", "log", "--only", "unary", "--json", "out.json", "--rounds", "7", "--help"];
    expect(parseOptions(args, names)).toEqual({
      smoke: false,
      only: ["log", "unary"],
      json: "out.json",
      rounds: 7,
      help: true,
    });
  });

  it("makes one round of a smoke run, whatever else is said", () => {
    expect(parseOptions(["--smoke", "--rounds", "7"], names).rounds).toBe(1);
  });

  it.each([
    [["--bogus"], "Unknown option '--bogus'"],
    [["unary"], "Unexpected argument 'unary'"],
    [["--only", "x"], '--only: expected one of unary, log, got "x"'],
    [["--only"], "Option '--only <value>' argument missing"],
    [["--json", ""], "--json: expected the name of a file"],
    [["--rounds", "0"], '--rounds: expected a whole number from 1 to 1000, got "0"'],
    [["--rounds", "1e2"], '--rounds: expected a whole number from 1 to 1000, got "1e2"'],
    [["--rounds", "1001"], '--rounds: expected a whole number from 1 to 1000, got "1001"'],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(args, names)).toThrow(message);
  });
});

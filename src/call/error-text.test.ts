import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { errorChain, errorText } from "./error-text.js";

describe("errorText", () => {
  it("tells the chain of causes", () => {
    const error = new TypeError("x", { cause: new Error("y", { cause: "z" }) });
    expect(errorText(error, 100)).toBe("TypeError: x; cause: Error: y; cause: z");
  });

  it("needs neither message nor name", () => {
    const nameless = Object.assign(new Error("x"), { name: "" });
    expect([errorText(new RangeError(), 100), errorText(nameless, 100)]).toEqual(["RangeError", "Error: x"]);
  });

  it("shows a ConnectError with its code", () => {
    expect(errorText(new ConnectError("no such room", Code.NotFound), 100)).toBe(
      "ConnectError: [not_found] no such room",
    );
  });

  it("shows no insides of causes that are no errors", () => {
    const causes = [{ password: "x" }, () => 1, null, 3n, Symbol("s")];
    expect(causes.map((cause) => errorText(new Error("x", { cause }), 100))).toEqual([
      "Error: x; cause: [object]",
      "Error: x; cause: [function]",
      "Error: x; cause: null",
      "Error: x; cause: 3",
      "Error: x; cause: Symbol(s)",
    ]);
  });

  it("tells the first errors of an AggregateError, and how many more there are", () => {
    const errors = Array.from({ length: 7 }, (_, i) => new Error(`e${i}`));
    expect(errorText(new AggregateError(errors, "all failed"), 1000)).toBe(
      "AggregateError: all failed; errors: [Error: e0, Error: e1, Error: e2, Error: e3, Error: e4, …[2 more]]",
    );
  });

  it("ends cycles", () => {
    const looped = new Error("a");
    looped.cause = new Error("b", { cause: looped });
    const nested = new AggregateError([], "self");
    nested.errors.push(nested);
    expect([errorText(looped, 100), errorText(nested, 100)]).toEqual([
      "Error: a; cause: Error: b",
      "AggregateError: self; errors: [[circular]]",
    ]);
  });

  it("bounds the chain, the nesting and the text", () => {
    let chain = new Error("0");
    for (let i = 1; i < 100; i++) chain = new Error(`${i}`, { cause: chain });
    expect(errorChain(chain).map((error) => (error as Error).message)).toEqual([
      "99",
      "98",
      "97",
      "96",
      "95",
      "94",
      "93",
      "92",
      "91",
    ]);
    let nest = new AggregateError([], "0");
    for (let i = 1; i < 100; i++) nest = new AggregateError([nest, nest], `${i}`);
    expect(errorText(nest, 10_000).length).toBeLessThan(1000);
    expect(errorText(new Error("x".repeat(1e6)), 10)).toBe("Error: xxx…[cut]");
  });

  it("never throws", () => {
    const hostile = new Error("x");
    for (const key of ["name", "message", "cause", "errors"]) {
      Object.defineProperty(hostile, key, {
        get() {
          throw new Error(key);
        },
      });
    }
    expect(errorText(hostile, 100)).toBe("Error");
  });
});

import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { errorDetails } from "./error-fields.js";

describe("errorDetails", () => {
  it("takes message and stack of a plain error", () => {
    const error = new Error("boom");
    expect(errorDetails(error, 10_000)).toEqual({ message: "boom", stack: error.stack });
  });

  it("takes the code of a ConnectError and the stack of what caused it", () => {
    const cause = new Error("no connection");
    const error = new ConnectError("try later", Code.Unavailable, undefined, undefined, cause);
    expect(errorDetails(error, 10_000)).toEqual({
      message: "[unavailable] try later",
      code: "unavailable",
      causes: ["no connection"],
      stack: cause.stack,
    });
  });

  it("finds the code further down", () => {
    const inner = new ConnectError("no such room", Code.NotFound);
    const error = new Error("can't say hi", { cause: inner });
    expect(errorDetails(error, 10_000)).toEqual({
      message: "can't say hi",
      code: "not_found",
      causes: ["[not_found] no such room"],
      stack: error.stack,
    });
  });

  it("has no stack when there are only ConnectErrors", () => {
    expect(errorDetails(new ConnectError("no", Code.Aborted), 100)).toEqual({
      message: "[aborted] no",
      code: "aborted",
    });
  });

  it("takes the name when there is no message", () => {
    const error = new RangeError();
    expect(errorDetails(error, 10_000)).toEqual({ message: "RangeError", stack: error.stack });
  });

  it.each<[unknown, string]>([
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
    [3n, "3"],
    [Symbol("s"), "Symbol(s)"],
    [() => 1, "[function]"],
    [{ a: 1 }, '{"a":1}'],
    [Object.create(null), "{}"],
  ])("tells what is no error: %o", (thrown, message) => {
    expect(errorDetails(thrown, 100)).toEqual({ message });
  });

  it("bounds the chain and each text", () => {
    const error = new Error("m".repeat(50), { cause: "c".repeat(50) });
    error.stack = "s".repeat(50);
    expect(errorDetails(error, 10)).toEqual({
      message: "mmmmmmmmmm…[cut from 50]",
      causes: ["cccccccccc…[cut from 50]"],
      stack: "ssssssssss…[cut from 50]",
    });
    let chain = new Error("0");
    for (let i = 1; i < 100; i++) chain = new Error(`${i}`, { cause: chain });
    expect(errorDetails(chain, 100).causes).toEqual(["98", "97", "96", "95", "94", "93", "92", "91"]);
  });

  it("never throws", () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const hostile = new Error("x");
    // The stack first: to make it, Node reads name and message.
    for (const key of ["stack", "name", "message", "cause"]) {
      Object.defineProperty(hostile, key, {
        get() {
          throw new Error(key);
        },
      });
    }
    expect([errorDetails(revoked.proxy, 100), errorDetails(hostile, 100)]).toEqual([
      { message: '"[unreadable]"' },
      { message: "Error" },
    ]);
  });
});

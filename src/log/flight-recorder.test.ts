import { describe, expect, it } from "vitest";
import { runChild } from "../../test/support/child.js";

const stories = ["info start", "info started a", "info start", "info started b", "info start"];

describe("a process that dies with calls in flight", () => {
  it.each(["throw", "rejection"])(
    "of an uncaught error (%s) leaves their stories, and dies as it would have",
    async (how) => {
      const { code, stdout, stderr } = await runChild("crash", [how]);
      expect(stdout.split("\n")).toEqual([...stories, "error uncaught exception", ""]);
      expect(code).toBe(1);
      expect(stderr).toContain("Error: boom");
      expect(stderr).toMatch(/Node\.js v\d+/);
    },
  );

  it("of an error that its own handler sees leaves them, too, and exits as the handler says", async () => {
    const { code, stdout, stderr } = await runChild("crash", ["handled"]);
    expect(stdout.split("\n")).toEqual([...stories, "error uncaught exception", ""]);
    expect({ code, stderr }).toEqual({ code: 7, stderr: "" });
  });

  it("of fatal() leaves the line, written synchronously, and exits with 1", async () => {
    const { code, stdout, stderr } = await runChild("crash", ["fatal"]);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "error the end\n", stderr: "" });
  });

  it.each([
    ["exit", 4],
    ["none", 0],
  ])("on purpose (%s) leaves nothing", async (how, expected) => {
    const { code, stdout, stderr } = await runChild("crash", [how]);
    expect({ code, stdout, stderr }).toEqual({ code: expected, stdout: "", stderr: "" });
  });
});

import { expect, it } from "vitest";
import { runChild } from "../../test/support/child.js";

it("a stream of 40,000 messages leaves the heap flat and nothing behind", async () => {
  const run = (how: string) => runChild("long-stream", [how, "40000"], ["--expose-gc"]);
  for (const { code, stdout, stderr } of await Promise.all([run("receive"), run("eachMessage")])) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { grownKiB, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ answered: 40_000, live: 0, held: 0 });
    // Between the two looks at the heap lie 180,000 messages: 48 bytes kept of each would be seen.
    expect(grownKiB).toBeLessThan(8 * 1024);
  }
}, 240_000);

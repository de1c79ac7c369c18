import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Lingering } from "./lingering.js";

describe("what lingers", () => {
  it("is told in the order in which it ended, until it is gone", () => {
    const lingering = new Lingering<{ readonly id: number }>();
    const items = [3, 1, 2].map((id) => ({ id }));
    for (const item of items) lingering.add(item);
    expect([...lingering]).toEqual([{ id: 3 }, { id: 1 }, { id: 2 }]);
    lingering.delete({ id: 1 });
    lingering.delete({ id: 7 });
    expect([...lingering]).toEqual([{ id: 3 }, { id: 2 }]);
  });

  it("is the last thousand", () => {
    const lingering = new Lingering<{ readonly id: number }>();
    const items = Array.from({ length: 1500 }, (_, id) => ({ id }));
    for (const item of items) lingering.add(item);
    expect([...lingering]).toEqual(items.slice(500));
  });

  it("is not kept alive", async () => {
    const lingering = new Lingering<{ readonly id: number }>();
    for (let id = 0; id < 100; id++) lingering.add({ id });
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    expect([...lingering]).toEqual([]);
  });
});

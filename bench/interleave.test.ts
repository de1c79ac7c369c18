import { expect, it } from "vitest";
import { interleave } from "./interleave.js";

it("turns the order round from round to round, and forgets the warm-up", async () => {
  const order: string[] = [];
  const samples = await interleave({ rounds: 2, smoke: false }, ["a", "b"], async (variant) =>
    order.push(variant),
  );
  expect(order.slice(-6).join("")).toBe("baabba");
  expect(samples).toEqual({ a: [21, 24], b: [22, 23] });
});

it("does everything once in a smoke run", async () => {
  let taken = 0;
  const samples = await interleave({ rounds: 1, smoke: true }, ["a", "b"], async () => ++taken);
  expect([samples, taken]).toEqual([{ a: [1], b: [2] }, 2]);
});

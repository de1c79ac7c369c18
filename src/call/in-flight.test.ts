import fc from "fast-check";
import { expect, it } from "vitest";
import { InFlight, type Linked } from "./in-flight.js";

class Item implements Linked<Item> {
  previous?: Item | undefined;
  next?: Item | undefined;
}

it("holds what a Set holds, in the same order", () => {
  const steps = fc.array(fc.oneof(fc.constant("add" as const), fc.nat()));
  fc.assert(
    fc.property(steps, (todo) => {
      const inFlight = new InFlight<Item>();
      const set = new Set<Item>();
      for (const step of todo) {
        const item = step === "add" ? new Item() : [...set][step % set.size];
        if (item === undefined) continue;
        if (step === "add") {
          inFlight.add(item);
          set.add(item);
        } else {
          inFlight.delete(item);
          set.delete(item);
          expect([item.previous, item.next]).toEqual([undefined, undefined]);
        }
        expect([...inFlight]).toEqual([...set]);
        expect(inFlight.size).toBe(set.size);
      }
    }),
  );
});

it("goes through all that was there, also when items go on the way", () => {
  const inFlight = new InFlight<Item>();
  const items = [new Item(), new Item(), new Item()];
  for (const item of items) inFlight.add(item);
  const seen: Item[] = [];
  for (const item of inFlight) {
    seen.push(item);
    for (const other of inFlight) inFlight.delete(other);
  }
  expect(seen).toEqual(items);
});

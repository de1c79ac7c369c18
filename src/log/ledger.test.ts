import { ROOT_CONTEXT } from "@opentelemetry/api";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { LineBuffer } from "./buffer.js";
import { LoggerCore } from "./core.js";
import { lineLedger } from "./ledger.js";
import type { Line } from "./line.js";
import { BoundLogger } from "./logger.js";
import { resolveLoggerOptions } from "./options.js";

const core = new LoggerCore(resolveLoggerOptions({ sink: { write: () => {} } }));
const logger = new BoundLogger(core, undefined, ROOT_CONTEXT, undefined);
const line = (message: string) => core.record(logger, { severity: "info", message });
const size = line("x").size;
const messages = (lines: readonly Line[]) => lines.map(({ message }) => message);
const buffers: LineBuffer[] = [];

function buffer(maxEntries = 1000, maxBytes = 1e9): LineBuffer {
  const made = new LineBuffer({ maxEntries, maxBytes });
  buffers.push(made);
  return made;
}

afterEach(() => {
  for (const { clear } of buffers.splice(0).map((made) => ({ clear: () => made.clear() }))) clear();
  expect(lineLedger.bytes).toBe(0);
});

describe("the budget of the process", () => {
  it("takes the oldest lines first, whichever call they belong to, and counts them there", () => {
    lineLedger.setLimit(4 * size);
    const [first, second] = [buffer(), buffer()];
    first.push(line("a"));
    second.push(line("b"));
    first.push(line("c"));
    second.push(line("d"));
    first.push(line("e"));
    second.push(line("f"));
    expect([first.dropped, second.dropped]).toEqual([1, 1]);
    expect(lineLedger.bytes).toBe(4 * size);
    expect(messages(first.take())).toEqual(["c", "e"]);
    expect(messages(second.take())).toEqual(["d", "f"]);
  });

  it("is the smallest that any logger names", () => {
    lineLedger.setLimit(100 * size);
    const made = buffer();
    for (let i = 0; i < 10; i++) made.push(line(String(i)));
    expect(made.count).toBe(4);
  });

  it("holds for any order of lines, flushes and ends: a simple model agrees", () => {
    const step = fc.tuple(fc.nat(3), fc.constantFrom("push", "push", "push", "take", "clear"));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const real = [0, 1, 2, 3].map(() => buffer(5));
        const model: { owner: number; message: string }[] = [];
        steps.forEach(([owner, action], i) => {
          const made = real[owner];
          const mine = () => model.filter((entry) => entry.owner === owner);
          if (action === "push") {
            made?.push(line(String(i)));
            model.push({ owner, message: String(i) });
            if (mine().length > 5)
              model.splice(
                model.findIndex((entry) => entry.owner === owner),
                1,
              );
            if (model.length > 4) model.shift();
          } else {
            const taken = action === "take" ? messages(made?.take() ?? []) : made?.clear();
            if (action === "take") expect(taken).toEqual(mine().map(({ message }) => message));
            for (const entry of mine()) model.splice(model.indexOf(entry), 1);
          }
          expect(real.map(({ count }) => count)).toEqual(
            real.map((_, n) => model.filter((entry) => entry.owner === n).length),
          );
        });
        for (const made of real) made.clear();
        expect(lineLedger.bytes).toBe(0);
      }),
    );
  });
});

it("a line larger than the whole buffer is dropped and counted", () => {
  const made = buffer(10, size);
  made.push(line("a"));
  made.push(line("x".repeat(500)));
  expect([made.count, made.dropped]).toEqual([0, 2]);
});

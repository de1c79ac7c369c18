import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inChunks } from "./chunks.js";

const kib = 1024;

async function chunksOf(pieces: readonly (string | Uint8Array)[]): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of inChunks(streamOf(pieces))) chunks.push(chunk);
  return chunks;
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe("chunks", () => {
  it("hold all bytes in order, and have sizes within bounds, for any pieces", async () => {
    const piece = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.nat(600 * kib).map((size) => new Uint8Array(size).fill(size % 251)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const chunks = await chunksOf(pieces);
        const all = Buffer.concat(pieces.map((given) => Buffer.from(given as string)));
        expect(Buffer.concat(chunks).equals(all)).toBe(true);
        expect(chunks.every(({ length }) => length > 0 && length <= 256 * kib)).toBe(true);
        expect(chunks.slice(0, -1).every(({ length }) => length >= 64 * kib)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("are none of nothing", async () => {
    expect(await chunksOf([])).toEqual([]);
    expect(await chunksOf(["", new Uint8Array()])).toEqual([]);
  });

  it("come as soon as there is enough for one", async () => {
    let asked = 0;
    const endless = async function* () {
      for (;;) {
        asked++;
        yield "x".repeat(32 * kib);
      }
    };
    const chunks = inChunks(endless());
    expect((await chunks.next()).value).toHaveLength(64 * kib);
    expect(asked).toBe(2);
    await chunks.return(undefined);
  });
});

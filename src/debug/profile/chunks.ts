/** The sizes of a chunk; the last one may be smaller. */
const leastBytes = 64 * 1024;
const mostBytes = 256 * 1024;

/**
 * Puts pieces of any size together, or apart, to chunks that a message holds well.
 *
 * @returns chunks of 64 to 256 KiB, the last one maybe smaller, none of them empty
 */
export async function* inChunks(pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    held.push(bytes);
    size += bytes.length;
    if (size < leastBytes) continue;
    const all = Buffer.concat(held);
    let start = 0;
    for (; all.length - start >= leastBytes; start += mostBytes) yield all.subarray(start, start + mostBytes);
    const rest = all.subarray(Math.min(start, all.length));
    held = [rest];
    size = rest.length;
  }
  if (size > 0) yield Buffer.concat(held);
}

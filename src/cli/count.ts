/**
 * How many there are: `1 line`, `20 lines`.
 *
 * @param count - a bigint as protobuf has it
 * @param noun - one of them
 */
export function countOf(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? "" : "s"}`;
}

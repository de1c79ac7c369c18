const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * A size for people: `512 B`, `83.1 MiB`.
 *
 * @param bytes - how many; a bigint as protobuf has it
 */
export function formatSize(bytes: number | bigint): string {
  let size = Number(bytes);
  let unit = 0;
  // At 1023.95 it would be shown as 1024.0.
  for (; size >= 1023.95 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

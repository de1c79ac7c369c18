import type { Duration } from "@bufbuild/protobuf/wkt";

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** What Node's timers can wait for. */
const maxMs = 2 ** 31 - 1;

/**
 * Reads a duration: `300ms`, `10s`, `5m`, `1.5h`.
 *
 * @returns milliseconds, or undefined for what is no duration, is zero, or is longer than 24 days
 */
export function parseDuration(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * (unitsMs[unit as keyof typeof unitsMs] ?? 0);
  return ms > 0 && ms <= maxMs ? ms : undefined;
}

/**
 * A duration for people, with as much of it as matters: `0.4ms`, `320ms`, `9.8s`, `4m05s`, `3h07m`, `2d04h`.
 *
 * @param ms - milliseconds; below zero, as clocks differ, it is zero
 */
export function formatDuration(ms: number): string {
  if (!(ms > 0)) return "0s";
  if (ms < 10) return `${Number(ms.toFixed(1))}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair(seconds, 60, "m", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(minutes, 60, "h", "m");
  return pair(Math.round(minutes / 60), 24, "d", "h");
}

function pair(amount: number, size: number, large: string, small: string): string {
  return `${Math.floor(amount / size)}${large}${String(amount % size).padStart(2, "0")}${small}`;
}

/**
 * A duration of protobuf's for people; the empty text for one that is absent. The microseconds count, too.
 *
 * @param duration - as it came
 */
export function durationText(duration: Duration | undefined): string {
  return duration === undefined ? "" : formatDuration(Number(duration.seconds) * 1000 + duration.nanos / 1e6);
}

/** A duration in milliseconds, to the microsecond: as logs and answers tell it. */
export function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

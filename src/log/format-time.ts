let second = Number.NaN;
let secondText = "";

/**
 * A point in time as RFC 3339 in UTC with milliseconds: `2026-11-21T01:02:03.004Z`. Lines come in bursts,
 * so the text of the last second is kept. Never throws: a time that no calendar has is `invalid`.
 *
 * @param ms - milliseconds since the epoch
 */
export function rfc3339(ms: number): string {
  const whole = Math.floor(ms);
  const inSecond = whole - second;
  if (inSecond >= 0 && inSecond < 1000) return `${secondText}${threeDigits(inSecond)}Z`;
  if (!(Math.abs(whole) <= 8.64e15)) return "invalid";
  second = Math.floor(whole / 1000) * 1000;
  // The earliest time of all is a whole second, so this one is never before it.
  secondText = new Date(second).toISOString().slice(0, -4);
  return `${secondText}${threeDigits(whole - second)}Z`;
}

function threeDigits(n: number): string {
  return n > 99 ? `${n}` : n > 9 ? `0${n}` : `00${n}`;
}

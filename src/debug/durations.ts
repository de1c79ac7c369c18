import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { invalid } from "./invalid.js";

/**
 * A duration of a request in milliseconds.
 *
 * @param field - names it in the error
 * @throws ConnectError `invalid_argument` when it is none, not above zero, or longer than `maxMs`
 */
export function requestedMs(field: string, { seconds, nanos }: Duration, maxMs: number): number {
  const ms = Number(seconds) * 1000 + nanos / 1e6;
  if (ms > 0 && ms <= maxMs && Math.abs(nanos) < 1e9) return ms;
  const got = Number.isFinite(ms) ? `${ms / 1000}s` : "no duration";
  throw invalid(`${field}: expected more than 0s and at most ${maxMs / 1000}s, got ${got}`);
}

/** A duration for an answer. */
export function durationOf(ms: number): Duration {
  const micros = Math.round(ms * 1000);
  const seconds = Math.trunc(micros / 1e6);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: (micros - seconds * 1e6) * 1000 });
}
